import { afterEach, expect, jest, test } from '@jest/globals';
import { startKafka } from '@sync-hub/dev/kafka';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { describeWithKafka, leaderOf } from '@sync-hub/dev/test-kafka';
import { checkLog, NO_FAULTS, twoContents } from './testing/check-log.ts';
import { followLog } from './testing/follow-log.ts';
import { createHub, type Hub } from './testing/hub.ts';
import { createCounters, writeConcurrently } from './testing/writers.ts';

jest.setTimeout(120_000);

describeWithKafka('on three Kafka brokers', () => {
  let hub: Hub;
  afterEach(() => hub.close());

  test('the topic’s leader is killed under writes: nothing is lost, nothing comes twice, and the epoch goes on', async () => {
    const kafka = await startKafka({ dataDir: await createTestFolder(), brokers: 3 });
    try {
      hub = await createHub({ brokers: kafka.brokers, replicas: 3 });
      await createCounters(hub.database, 12);
      await hub.startRelay();
      const reader = await followLog(hub);
      await hub.untilDrained();

      const writing = writeConcurrently(hub.database, { writers: 4, rows: 12, until: AbortSignal.timeout(6_000) });
      const leader = kafka.nodes[(await leaderOf(kafka.brokers, hub.topic)) - 1];
      await leader?.kill();
      const { committed } = await writing;
      await hub.untilDrained();
      await reader.untilHere();
      expect(leader?.pid()).toBeUndefined(); // Two brokers did it.

      expect(committed).toBeGreaterThan(50);
      expect(reader.complaints).toEqual([]);
      expect(checkLog(reader.records).faults).toEqual(NO_FAULTS);
      expect(reader.records.filter(({ kind }) => kind === 'change')).toHaveLength(hub.stream.changes().length);
      expect(twoContents(hub.stream.stored)).toEqual([]);
      expect(new Set(reader.records.map(({ epoch }) => epoch))).toEqual(new Set([1]));
    } finally {
      await hub.close();
      await kafka.close();
    }
  });
});
