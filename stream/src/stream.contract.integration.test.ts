import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { describeWithKafka, testKafkaBrokers } from '@sync-hub/dev/test-kafka';
import { waitFor } from '@sync-hub/dev/wait-for';
import { RecordTooLargeError } from './record-limits.ts';
import type { Reader, Stream } from './stream.ts';
import { collect, places } from './testing/collect.ts';
import { record, recordOfSize, records, rubbish } from './testing/records.ts';
import { createKafkaLog, createPostgresLog, type TestLog } from './testing/test-logs.ts';

// A group's first join at a broker that has just started takes its time.
jest.setTimeout(30_000);

/** What `stream.ts` promises, over each store. */
function itKeepsTheContract(createLog: () => Promise<TestLog>): void {
  let log: TestLog;
  let relay: Stream;
  let api: Stream;

  beforeEach(async () => {
    log = await createLog();
    [relay, api] = [await log.open(), await log.open()];
  });
  afterEach(() => log.close());

  describe('what is read', () => {
    test('is everything that was published, in order, as it was published', async () => {
      const sink = collect();
      await api.read('earliest', sink);
      await relay.publish(records(1, 300));
      await relay.publish(records(301, 302, { kind: 'change', tag: 'ünïcode', after: '{"n":1e2}' }));
      await sink.until(302);
      expect(sink.told).toEqual(places(1, 302));
      expect(sink.records.at(-1)).toMatchObject({ v: 1, seq: 302, tag: 'ünïcode', after: { n: 100 }, before: null });
    });

    test('does not change when a batch is published again', async () => {
      const sink = collect();
      await api.read('earliest', sink);
      await relay.publish(records(1, 5));
      await relay.publish(records(1, 5));
      await relay.publish(records(4, 7));
      await sink.until(7);
      expect(sink.told).toEqual(places(1, 7));
    });

    test('does not change when an old batch arrives late, after newer ones', async () => {
      await relay.publish(records(1, 10));
      await relay.publish(records(3, 6, { tag: 'tag-1' }));
      await relay.publish(records(11, 12));
      const sink = collect();
      await api.read('earliest', sink);
      await sink.until(12);
      expect(sink.told).toEqual(places(1, 12));
    });

    test('is the same for every reader', async () => {
      const [one, two] = [collect(), collect()];
      await api.read('earliest', one);
      await api.read('earliest', two);
      await relay.publish(records(1, 50));
      await Promise.all([one.until(50), two.until(50)]);
      expect(one.told).toEqual(places(1, 50));
      expect(two.told).toEqual(places(1, 50));
    });

    test('goes on with a newer epoch, whatever its numbers, and never returns to an older one', async () => {
      const sink = collect();
      await api.read('earliest', sink);
      await relay.publish(records(1, 3));
      await relay.publish(records(2, 3, { epoch: 2 }));
      await sink.until(3, 2);
      await relay.publish(records(4, 5));
      await relay.publish(records(4, 4, { epoch: 2 }));
      await sink.until(4, 2);
      expect(sink.told).toEqual([...places(1, 3), ...places(2, 4, 2)]);
    });

    test('tells of numbers that are missing before it goes on', async () => {
      const sink = collect();
      await api.read('earliest', sink);
      await relay.publish([record(1), record(2), record(5), record(6)]);
      await sink.until(6);
      expect(sink.told).toEqual(['1/1', '1/2', 'gap 1/2 → 1/5', '1/5', '1/6']);
    });
  });

  describe('a reader starts', () => {
    test('at the earliest record that is kept', async () => {
      await relay.publish(records(1, 20));
      await log.cutBefore(8);
      const sink = collect();
      await api.read('earliest', sink);
      await sink.until(20);
      expect(sink.told).toEqual(places(8, 20));
    });

    test('at the latest: with what is published from then on', async () => {
      await relay.publish(records(1, 20));
      const sink = collect();
      await api.read('latest', sink);
      await relay.publish(records(21, 22));
      await sink.until(22);
      expect(sink.told).toEqual(places(21, 22));
    });

    test('at the latest of an empty log: with its first record', async () => {
      const sink = collect();
      await api.read('latest', sink);
      await relay.publish(records(1, 2));
      await sink.until(2);
      expect(sink.told).toEqual(places(1, 2));
    });

    test('at the latest, where a late repetition ends the log: without a gap', async () => {
      await relay.publish(records(1, 20));
      await relay.publish(records(5, 9));
      const sink = collect();
      await api.read('latest', sink);
      await relay.publish(records(21, 22));
      await sink.until(22);
      expect(sink.told).toEqual(places(21, 22));
    });

    test('after any position in the middle, although batches were published again', async () => {
      for (const first of [1, 101, 201]) {
        await relay.publish(records(first, first + 99));
        await relay.publish(records(first + 50, first + 99));
      }
      for (const seq of [1, 99, 100, 150, 299]) {
        const sink = collect();
        const reader = await api.read({ epoch: 1, seq }, sink);
        await sink.until(300);
        expect(sink.told).toEqual(places(seq + 1, 300));
        await reader.close();
      }
    });

    test('after a position older than what is kept, and tells what is missing', async () => {
      await relay.publish(records(1, 20));
      await log.cutBefore(8);
      const sink = collect();
      await api.read({ epoch: 1, seq: 3 }, sink);
      await sink.until(20);
      expect(sink.told).toEqual(['gap 1/3 → 1/8', ...places(8, 20)]);
    });

    test('after a position just before what is kept, without a gap', async () => {
      await relay.publish(records(1, 20));
      await log.cutBefore(8);
      const sink = collect();
      await api.read({ epoch: 1, seq: 7 }, sink);
      await sink.until(20);
      expect(sink.told).toEqual(places(8, 20));
    });

    test('after a position beyond the end, with nothing until the log has passed it', async () => {
      await relay.publish(records(1, 20));
      const sink = collect();
      await api.read({ epoch: 1, seq: 25 }, sink);
      await relay.publish(records(21, 24));
      await relay.publish(records(25, 27));
      await sink.until(27);
      expect(sink.told).toEqual(places(26, 27));
    });

    test('after a position of an epoch that is over, with the epoch that replaced it', async () => {
      await relay.publish(records(1, 5));
      await relay.publish(records(1, 5, { epoch: 2 }));
      const sink = collect();
      await api.read({ epoch: 1, seq: 4 }, sink);
      await sink.until(5, 2);
      expect(sink.told).toEqual([...places(5, 5), ...places(1, 5, 2)]);
    });
  });

  describe('bounds', () => {
    test('are null while the log is empty', async () => {
      expect(await api.bounds()).toBeNull();
    });

    test('are one place when there is one record', async () => {
      await relay.publish([record(1)]);
      const place = { epoch: 1, seq: 1 };
      expect(await api.bounds()).toEqual({ oldest: place, newest: place, newestTag: 'tag-1' });
    });

    test('name the highest record, though a late repetition follows it', async () => {
      await relay.publish(records(1, 9));
      await relay.publish(records(10, 12, { tag: 'tag-2' }));
      await relay.publish(records(2, 9));
      expect(await api.bounds()).toEqual({
        oldest: { epoch: 1, seq: 1 },
        newest: { epoch: 1, seq: 12 },
        newestTag: 'tag-2',
      });
    });

    test('name the newest epoch, though its numbers are lower', async () => {
      await relay.publish(records(100, 120));
      await relay.publish(records(1, 2, { epoch: 2, tag: 'tag-2' }));
      await relay.publish(records(121, 122));
      expect(await api.bounds()).toMatchObject({ newest: { epoch: 2, seq: 2 }, newestTag: 'tag-2' });
    });

    test('move with what retention has cut', async () => {
      await relay.publish(records(1, 20));
      await log.cutBefore(15);
      expect(await api.bounds()).toMatchObject({ oldest: { epoch: 1, seq: 15 }, newest: { epoch: 1, seq: 20 } });
    });

    test('pass over what cannot be read', async () => {
      await relay.publish([...records(1, 3), rubbish(4, 'rubbish'), rubbish(5, '')]);
      expect(await api.bounds()).toMatchObject({ oldest: { epoch: 1, seq: 1 }, newest: { epoch: 1, seq: 3 } });
    });
  });

  describe('sizes', () => {
    test('from nothing to the largest record are carried unharmed', async () => {
      const sizes = [600, 10_000, 100_000, 900_000, relay.maxRecordBytes, 1_000, 899_999];
      const sink = collect();
      await api.read('earliest', sink);
      await relay.publish(sizes.map((bytes, index) => recordOfSize(index + 1, bytes)));
      await relay.publish([rubbish(sizes.length + 1, ''), record(sizes.length + 2)]);
      await sink.until(sizes.length + 2);
      const carried = sink.records.slice(0, -1).map((read) => JSON.stringify(read).length);
      expect(carried).toEqual(sizes);
      expect(sink.told.slice(-3)).toEqual(['unreadable', `gap 1/${sizes.length} → 1/${sizes.length + 2}`, '1/9']);
    });

    test('over the limit are refused by an error that names it, and nothing of that call is stored', async () => {
      const tooLarge = recordOfSize(2, relay.maxRecordBytes + 1);
      const refused = relay.publish([record(1), tooLarge, record(3)]);
      await expect(refused).rejects.toThrow(RecordTooLargeError);
      await expect(refused).rejects.toThrow(
        `record 2 of epoch 1 has ${relay.maxRecordBytes + 1} bytes; this stream takes at most ${relay.maxRecordBytes}`,
      );
      expect(await api.bounds()).toBeNull();
    });

    test('of many records in one call are no concern of the caller', async () => {
      const sink = collect();
      await api.read('earliest', sink);
      await relay.publish(Array.from({ length: 40 }, (_, index) => recordOfSize(index + 1, 150_000)));
      await relay.publish([]);
      await sink.until(40);
      expect(sink.told).toEqual(places(1, 40));
    });
  });

  test('what cannot be read is told, with its reason, and passed over', async () => {
    const sink = collect();
    await api.read('earliest', sink);
    const values = ['rubbish', '{"v":2}', 'null', '[]', '{"v":1,"kind":"change"}'];
    await relay.publish([record(1), ...values.map((value, index) => rubbish(index + 2, value)), record(7)]);
    await relay.publish([record(8)]);
    await sink.until(8);
    expect(sink.told).toEqual(['1/1', ...values.map(() => 'unreadable'), 'gap 1/1 → 1/7', '1/7', '1/8']);
    expect(sink.errors[1]?.message).toBe('record of format version 2; this reader reads version 1');
  });

  describe('a sink', () => {
    test('that throws or rejects loses that record alone', async () => {
      const sink = collect((read) => {
        if (read.seq === 2) throw new Error('thrown');
        return read.seq === 4 ? Promise.reject(new TypeError('rejected')) : undefined;
      });
      await api.read('earliest', sink);
      await relay.publish(records(1, 6));
      await sink.until(6);
      expect(sink.told).toEqual(places(1, 6));
    });

    test('is waited for: it is never called while it is at work', async () => {
      let running = 0;
      let most = 0;
      const sink = collect(async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
      });
      await api.read('earliest', sink);
      await relay.publish(records(1, 100));
      await sink.until(100);
      expect(most).toBe(1);
    });

    test('that stands still delays no other, costs bounded memory, and gets the rest when it goes on', async () => {
      const { promise: released, resolve: release } = pledge();
      const [slow, fast] = [collect(() => released), collect()];
      await api.read('earliest', slow);
      await api.read('earliest', fast);
      await relay.publish([record(1)]);
      await slow.until(1);
      const before = process.memoryUsage().arrayBuffers;
      for (let first = 2; first < 102; first += 10) {
        await relay.publish(Array.from({ length: 10 }, (_, index) => recordOfSize(first + index, 500_000)));
      }
      await fast.until(101);
      fast.records.length = 0;
      expect(slow.told).toEqual(places(1, 1));
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
      release();
      await slow.until(101);
      expect(slow.told).toEqual(places(1, 101));
    });
  });

  describe('closing', () => {
    test('a reader in the middle of a delivery delivers nothing more, even by the sink itself', async () => {
      let reader: Reader | null = null;
      const sink = collect(async ({ seq }) => {
        if (seq === 3) await reader?.close();
      });
      reader = await api.read('earliest', sink);
      const other = collect();
      await api.read('earliest', other);
      await relay.publish(records(1, 10));
      await waitFor(() => sink.told.length === 3, { what: 'the third record' });
      await reader.close();
      await relay.publish(records(11, 12));
      await other.until(12);
      expect(sink.told).toEqual(places(1, 3));
    });

    test('a reader does not wait for a sink that never answers', async () => {
      const sink = collect(() => new Promise(() => {}));
      const reader = await api.read('earliest', sink);
      await relay.publish(records(1, 3));
      await sink.until(1);
      await reader.close();
      expect(sink.told).toEqual(places(1, 1));
    });

    test('a stream closes its readers, is done once however often it is called, and refuses what comes after', async () => {
      const sink = collect();
      const reader = await api.read('earliest', sink);
      await relay.publish([record(1)]);
      await sink.until(1);
      await Promise.all([api.close(), api.close(), reader.close()]);
      await api.close();
      await reader.close();
      await relay.publish([record(2)]);
      expect(sink.told).toEqual(places(1, 1));
      await expect(api.publish([record(3)])).rejects.toThrow('the stream is closed');
      await expect(api.read('earliest', sink)).rejects.toThrow('the stream is closed');
      await expect(api.bounds()).rejects.toThrow('the stream is closed');
    });
  });

  test('a publish that comes while another has no outcome yet is refused', async () => {
    const first = relay.publish(records(1, 2));
    await expect(relay.publish(records(3, 4))).rejects.toThrow('before the call before it had an outcome');
    await first;
    await relay.publish(records(3, 4));
  });
}

function pledge(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}

describe('the stream over Postgres', () => itKeepsTheContract(createPostgresLog));

describeWithKafka('the stream over Kafka', () => itKeepsTheContract(() => createKafkaLog(testKafkaBrokers() ?? [])));
