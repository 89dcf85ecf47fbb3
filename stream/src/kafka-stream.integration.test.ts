import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { describeWithKafka } from '@sync-hub/dev/test-kafka';
import { waitFor } from '@sync-hub/dev/wait-for';
import type { Stream } from './stream.ts';
import { type Collected, collect, places } from './testing/collect.ts';
import { record, recordOfSize, records } from './testing/records.ts';
import { silentLog } from './testing/silent-log.ts';
import { createKafkaLog, type KafkaTestLog } from './testing/test-logs.ts';
import { untilAcknowledged } from './testing/until-acknowledged.ts';

jest.setTimeout(30_000);

describeWithKafka('over Kafka', (brokers) => {
  let log: KafkaTestLog;
  beforeEach(async () => {
    log = await createKafkaLog(brokers);
  });
  afterEach(() => log.close());

  test('values that were never records (tombstones, other keys, bytes that are no text) are told and leave no gap', async () => {
    const stream = await log.open();
    const sink = collect();
    await stream.read('earliest', sink);
    await stream.publish(records(1, 2));
    await log.put([
      { key: 'workspace-1', value: null },
      { key: 'somebody else’s', value: '{"hello":"world"}' },
      { key: null, value: Buffer.from([0xff, 0x00, 0xfe]), headers: { origin: 'elsewhere' } },
    ]);
    await stream.publish(records(3, 4));
    await sink.until(4);
    expect(sink.told).toEqual(['1/1', '1/2', 'unreadable', 'unreadable', 'unreadable', '1/3', '1/4']);
  });

  test('a position is found although the oldest record kept is itself a repetition', async () => {
    const stream = await log.open();
    await stream.publish(records(1, 10));
    await stream.publish(records(3, 5));
    await stream.publish(records(11, 13));
    await log.cutBefore(11); // By offset: what is left are 3, 4, 5, 11, 12, 13.
    const sink = collect();
    await stream.read({ epoch: 1, seq: 11 }, sink);
    await beatUntilTold(stream, 14, sink);
    expect(sink.told).toEqual(places(12, lastOf(sink)));
  });

  test('a position deep in a log of many fetches is found, repetitions or not', async () => {
    const stream = await log.open();
    const large = (first: number, last: number) =>
      Array.from({ length: last - first + 1 }, (_, index) => recordOfSize(first + index, 150_000));
    await stream.publish(large(1, 30));
    await stream.publish(large(11, 30));
    await stream.publish(large(31, 40));
    for (const seq of [9, 25, 30, 39]) {
      const sink = collect();
      const reader = await stream.read({ epoch: 1, seq }, sink);
      await sink.until(40);
      expect(sink.told).toEqual(places(seq + 1, 40));
      await reader.close();
    }
  });

  test('bounds name the highest record, though the late repetition after it is long', async () => {
    const stream = await log.open();
    await stream.publish(records(1, 1_000));
    await stream.publish(records(1, 900));
    expect(await stream.bounds()).toMatchObject({ oldest: { seq: 1 }, newest: { seq: 1_000 } });
  });

  test('a true gap is told once, and reading the topic again for it tells nothing twice', async () => {
    const stream = await log.open();
    const sink = collect();
    await stream.read('earliest', sink);
    await stream.publish(records(1, 5));
    await log.put([{ value: 'rubbish' }]);
    await stream.publish(records(6, 7));
    await stream.publish(records(10, 12));
    await stream.publish(records(20, 21));
    await sink.until(21);
    expect(sink.told).toEqual([
      ...places(1, 5),
      'unreadable',
      ...places(6, 7),
      'gap 1/7 → 1/10',
      ...places(10, 12),
      'gap 1/12 → 1/20',
      ...places(20, 21),
    ]);
  });

  test('a topic that is deleted is made again by the next publish, and readers go on in it', async () => {
    const [relay, api] = [await log.open(), await log.open()];
    const sink = collect();
    await api.read('earliest', sink);
    await relay.publish(records(1, 8));
    await sink.until(8);
    await log.admin.deleteTopics({ topics: [log.topic] });
    await untilAcknowledged(() => relay.publish(records(5, 10)));
    await beatUntilTold(relay, 11, sink);
    expect(sink.told).toEqual(places(1, lastOf(sink)));
  });

  test('a topic that is deleted has no bounds, rather than an error, and is there again', async () => {
    const stream = await log.open();
    await stream.publish(records(1, 8));
    await log.admin.deleteTopics({ topics: [log.topic] });
    expect(await stream.bounds()).toBeNull();
    expect(await log.admin.listTopics()).toContain(log.topic);
  });

  test('a topic made again with more in it than the reader had seen hides nothing from it', async () => {
    const [relay, api] = [await log.open(), await log.open()];
    const sink = collect();
    await api.read('earliest', sink);
    await relay.publish(records(1, 3));
    await sink.until(3);
    await log.admin.deleteTopics({ topics: [log.topic] });
    // The reader stands at offset 3 of the old topic; here that is record 5.
    const successor = await log.open();
    await successor.publish(records(2, 9));
    await beatUntilTold(successor, 10, sink);
    expect(sink.told).toEqual(places(1, lastOf(sink)));
  });

  test('a reader that is closed amid what it has fetched warns of no loss', async () => {
    const warnings: string[] = [];
    const stream = await log.open({ ...silentLog, warn: (_fields, message) => void warnings.push(message) });
    await stream.publish(records(1, 10));
    const sink = collect(({ seq }) => (seq === 3 ? new Promise(() => {}) : undefined));
    const reader = await stream.read('earliest', sink);
    await sink.until(3);
    await reader.close();
    expect(sink.told).toEqual(places(1, 3));
    expect(warnings).toEqual([]);
  });

  test('closing leaves neither a consumer group on the broker nor a socket in the process', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((name) => /TCP|TLS/.test(name)).length;
    const before = sockets();
    const stream = await log.open();
    const sink = collect();
    const reader = await stream.read('earliest', sink);
    await stream.read('latest', collect());
    await stream.publish([record(1)]);
    await sink.until(1);
    await stream.bounds();
    expect(await groups()).not.toEqual([]);
    await reader.close();
    await stream.close();
    expect(await groups()).toEqual([]);
    await waitFor(() => sockets() <= before, { what: 'sockets to be gone' });
  });

  async function groups(): Promise<string[]> {
    const all = await log.admin.listGroups();
    return all.groups.map(({ groupId }) => groupId).filter((groupId) => groupId.startsWith(log.topic));
  }
});

/** A jump in `seq` shows with the record after it. In a running system that is the heartbeat, within a second. */
async function beatUntilTold(relay: Stream, first: number, sink: Collected): Promise<void> {
  let seq = first;
  const beat = async () => {
    await relay.publish([record(seq++)]);
    return lastOf(sink) >= first;
  };
  await waitFor(beat, { what: `record ${first}`, timeoutMs: 20_000 });
}

function lastOf(sink: Collected): number {
  return sink.records.at(-1)?.seq ?? 0;
}
