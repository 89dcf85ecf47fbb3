import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type RunningKafka, startKafka } from '@sync-hub/dev/kafka';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { describeWithKafka } from '@sync-hub/dev/test-kafka';
import { collect, places } from './testing/collect.ts';
import { records } from './testing/records.ts';
import { createKafkaLog, type KafkaTestLog } from './testing/test-logs.ts';
import { untilAcknowledged } from './testing/until-acknowledged.ts';

jest.setTimeout(120_000);

describeWithKafka('a Kafka broker that is killed (kill -9) and started again', () => {
  let kafka: RunningKafka;
  let log: KafkaTestLog;
  beforeAll(async () => {
    kafka = await startKafka({ dataDir: await createTestFolder() });
    log = await createKafkaLog(kafka.brokers);
  });
  afterAll(async () => {
    await log.close();
    await kafka.close();
  });

  test('costs neither publisher nor readers a record, a repetition or the order', async () => {
    const [relay, api] = [await log.open(), await log.open()];
    const sink = collect();
    await api.read('earliest', sink);

    let seq = 0;
    for (let kills = 0; kills < 2; kills++) {
      // The kill falls into a publish, as a rule: one is always under way.
      let isRestarted = false;
      const restart = restartAll().then(() => {
        isRestarted = true;
      });
      for (let after = 0; after < 3; after += Number(isRestarted), seq += 50) {
        const batch = records(seq + 1, seq + 50);
        await untilAcknowledged(() => relay.publish(batch));
      }
      await restart;
    }
    await sink.until(seq);
    expect(sink.told).toEqual(places(1, seq));
  });

  async function restartAll(): Promise<void> {
    for (const node of kafka.nodes) {
      await node.kill();
      node.start();
    }
  }
});
