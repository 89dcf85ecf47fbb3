import { describe, expect, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import { RecordTooLargeError } from './record-limits.ts';
import type { Reader } from './stream.ts';
import { collect, places } from './testing/collect.ts';
import { overEachStore } from './testing/each-store.ts';
import { record, recordOfSize, records, rubbish } from './testing/records.ts';
import { usedMemoryBytes } from './testing/used-memory.ts';

/** What `stream.ts` promises to those who publish and to the sinks of readers, over Postgres and over Kafka. */
overEachStore((scene) => {
  describe('sizes', () => {
    test('from nothing to the largest record are carried unharmed', async () => {
      const sizes = [600, 10_000, 100_000, 900_000, scene.relay.maxRecordBytes, 1_000, 899_999];
      const sink = collect();
      await scene.api.read('earliest', sink);
      await scene.relay.publish(sizes.map((bytes, index) => recordOfSize(index + 1, bytes)));
      await scene.relay.publish([rubbish(sizes.length + 1, ''), record(sizes.length + 2)]);
      await sink.until(sizes.length + 2);
      const carried = sink.records.slice(0, -1).map((read) => JSON.stringify(read).length);
      expect(carried).toEqual(sizes);
      expect(sink.told.slice(-3)).toEqual(['unreadable', `gap 1/${sizes.length} → 1/${sizes.length + 2}`, '1/9']);
    });

    test('over the limit are refused by an error that names it, and nothing of that call is stored', async () => {
      const tooLarge = recordOfSize(2, scene.relay.maxRecordBytes + 1);
      const refused = scene.relay.publish([record(1), tooLarge, record(3)]);
      await expect(refused).rejects.toThrow(RecordTooLargeError);
      await expect(refused).rejects.toThrow(
        `record 2 of epoch 1 has ${scene.relay.maxRecordBytes + 1} bytes; this stream takes at most ${scene.relay.maxRecordBytes}`,
      );
      expect(await scene.api.bounds()).toBeNull();
    });

    test('of many records in one call are no concern of the caller', async () => {
      const sink = collect();
      await scene.api.read('earliest', sink);
      await scene.relay.publish(Array.from({ length: 40 }, (_, index) => recordOfSize(index + 1, 150_000)));
      await scene.relay.publish([]);
      await sink.until(40);
      expect(sink.told).toEqual(places(1, 40));
    });
  });

  test('what cannot be read is told, with its reason, and passed over', async () => {
    const sink = collect();
    await scene.api.read('earliest', sink);
    const values = ['rubbish', '{"v":2}', 'null', '[]', '{"v":1,"kind":"change"}'];
    await scene.relay.publish([record(1), ...values.map((value, index) => rubbish(index + 2, value)), record(7)]);
    await scene.relay.publish([record(8)]);
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
      await scene.api.read('earliest', sink);
      await scene.relay.publish(records(1, 6));
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
      await scene.api.read('earliest', sink);
      await scene.relay.publish(records(1, 100));
      await sink.until(100);
      expect(most).toBe(1);
    });

    test('that stands still delays no other, costs bounded memory, and gets the rest when it goes on', async () => {
      const { promise: released, resolve: release } = pledge();
      const [slow, fast] = [collect(() => released), collect()];
      await scene.api.read('earliest', slow);
      await scene.api.read('earliest', fast);
      const publish50Megabytes = async (first: number) => {
        for (let seq = first; seq < first + 100; seq += 10) {
          await scene.relay.publish(Array.from({ length: 10 }, (_, index) => recordOfSize(seq + index, 500_000)));
        }
        await fast.until(first + 99);
        fast.records.length = 0;
      };
      await publish50Megabytes(1);
      const before = usedMemoryBytes();
      await publish50Megabytes(101);
      // What the fetching left behind is garbage at first.
      await waitFor(() => usedMemoryBytes() - before < 10_000_000, { what: 'memory that is bounded' });
      expect(slow.told).toEqual(places(1, 1));
      release();
      await slow.until(200);
      expect(slow.told).toEqual(places(1, 200));
    });
  });

  describe('closing', () => {
    test('a reader in the middle of a delivery delivers nothing more, even by the sink itself', async () => {
      let reader: Reader | null = null;
      const sink = collect(async ({ seq }) => {
        if (seq === 3) await reader?.close();
      });
      reader = await scene.api.read('earliest', sink);
      const other = collect();
      await scene.api.read('earliest', other);
      await scene.relay.publish(records(1, 10));
      await waitFor(() => sink.told.length === 3, { what: 'the third record' });
      await reader.close();
      await scene.relay.publish(records(11, 12));
      await other.until(12);
      expect(sink.told).toEqual(places(1, 3));
    });

    test('a reader does not wait for a sink that never answers', async () => {
      const sink = collect(() => new Promise(() => {}));
      const reader = await scene.api.read('earliest', sink);
      await scene.relay.publish(records(1, 3));
      await sink.until(1);
      await reader.close();
      expect(sink.told).toEqual(places(1, 1));
    });

    test('a stream closes its readers, is done once however often it is called, and refuses what comes after', async () => {
      const sink = collect();
      const reader = await scene.api.read('earliest', sink);
      await scene.relay.publish([record(1)]);
      await sink.until(1);
      await Promise.all([scene.api.close(), scene.api.close(), reader.close()]);
      await scene.api.close();
      await reader.close();
      await scene.relay.publish([record(2)]);
      expect(sink.told).toEqual(places(1, 1));
      await expect(scene.api.publish([record(3)])).rejects.toThrow('the stream is closed');
      await expect(scene.api.read('earliest', sink)).rejects.toThrow('the stream is closed');
      await expect(scene.api.bounds()).rejects.toThrow('the stream is closed');
    });
  });

  test('a publish that comes while another has no outcome yet is refused', async () => {
    const first = scene.relay.publish(records(1, 2));
    await expect(scene.relay.publish(records(3, 4))).rejects.toThrow('before the call before it had an outcome');
    await first;
    await scene.relay.publish(records(3, 4));
  });
});

function pledge(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
