import { join } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import { startKafka } from '@sync-hub/dev/kafka';
import { copyDataDir } from '@sync-hub/dev/postgres-copy';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { deleteTopic, describeWithKafka } from '@sync-hub/dev/test-kafka';
import { checkLog, NO_FAULTS, twoContents } from './testing/check-log.ts';
import { type Followed, followLog } from './testing/follow-log.ts';
import { createHub, type Hub } from './testing/hub.ts';
import { createCounters } from './testing/writers.ts';

jest.setTimeout(120_000);

describeWithKafka('a listener that runs while Kafka', (brokersOfTheRun) => {
  let hub: Hub;
  afterEach(() => hub.close());
  /** Reads from before anything is lost. */
  let early: Followed;

  async function begin(brokers: readonly string[]): Promise<void> {
    hub = await createHub({ brokers });
    await createCounters(hub.database, 3);
    await hub.startRelay();
    early = await followLog(hub);
    await writeTen();
  }

  async function writeTen(): Promise<void> {
    for (let n = 0; n < 10; n += 1) await hub.database.query('UPDATE counters SET n = n + 1');
    await hub.untilDrained(60_000);
    await early.untilHere();
  }

  /** To whoever was there and to whoever comes now: everything once, in order, as one history. */
  async function expectNothingLost(): Promise<void> {
    await writeTen();
    const late = await followLog(hub);
    await late.untilHere();
    for (const { complaints, records } of [early, late]) {
      expect(complaints).toEqual([]);
      expect(checkLog(records).faults).toEqual(NO_FAULTS);
    }
    expect(late.records[0]?.seq).toBe(1);
    expect(late.records.filter(({ kind }) => kind === 'change')).toHaveLength(hub.stream.changes().length);
    expect(new Set(hub.stream.stored.map(({ epoch }) => epoch))).toEqual(new Set([1]));
    expect(twoContents(hub.stream.stored)).toEqual([]);
  }

  test('loses an acknowledged tail (its disk is an older copy) sends that tail again: no reader misses it or sees it twice', async () => {
    const kafka = await startKafka({ dataDir: await createTestFolder() });
    const [node] = kafka.nodes;
    if (node === undefined) throw new Error('no broker');
    try {
      await begin(kafka.brokers);
      const disk = join(node.folder, 'data');
      await node.close();
      await copyDataDir(disk, `${disk}-copy`);
      node.start();
      await writeTen();
      await node.kill();
      await copyDataDir(`${disk}-copy`, disk);
      node.start();
      await expectNothingLost();
    } finally {
      await hub.close();
      await kafka.close();
    }
  });

  test('loses its topic makes it again, with all that is kept', async () => {
    await begin(brokersOfTheRun);
    await deleteTopic(brokersOfTheRun, hub.topic);
    await expectNothingLost();
  });
});
