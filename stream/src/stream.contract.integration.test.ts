import { describe, expect, test } from '@jest/globals';
import { collect, places } from './testing/collect.ts';
import { overEachStore } from './testing/each-store.ts';
import { record, records, rubbish } from './testing/records.ts';

/** What `stream.ts` promises of the log itself, over Postgres and over Kafka. */
overEachStore((scene) => {
  describe('what is read', () => {
    test('is everything that was published, in order, as it was published', async () => {
      const sink = collect();
      await scene.api.read('earliest', sink);
      await scene.relay.publish(records(1, 300));
      await scene.relay.publish(records(301, 302, { kind: 'change', tag: 'ünïcode', after: '{"n":1e2}' }));
      await sink.until(302);
      expect(sink.told).toEqual(places(1, 302));
      expect(sink.records.at(-1)).toMatchObject({ v: 1, seq: 302, tag: 'ünïcode', after: { n: 100 }, before: null });
    });

    test('does not change when a batch is published again', async () => {
      const sink = collect();
      await scene.api.read('earliest', sink);
      await scene.relay.publish(records(1, 5));
      await scene.relay.publish(records(1, 5));
      await scene.relay.publish(records(4, 7));
      await sink.until(7);
      expect(sink.told).toEqual(places(1, 7));
    });

    test('does not change when an old batch arrives late, after newer ones', async () => {
      await scene.relay.publish(records(1, 10));
      await scene.relay.publish(records(3, 6, { tag: 'tag-1' }));
      await scene.relay.publish(records(11, 12));
      const sink = collect();
      await scene.api.read('earliest', sink);
      await sink.until(12);
      expect(sink.told).toEqual(places(1, 12));
    });

    test('leaves out what is met again, and names each such record once', async () => {
      const sink = collect();
      await scene.api.read('earliest', sink);
      await scene.relay.publish(records(1, 5));
      await scene.relay.publish(records(4, 6));
      await scene.relay.publish(records(1, 2, { epoch: 2 }));
      await sink.until(2, 2); // From here on what comes of epoch 1 is late.
      await scene.relay.publish(records(6, 7));
      await scene.relay.publish([record(5, { epoch: 2 })]); // A jump: Kafka's topic is read again for it.
      await sink.until(5, 2);
      expect(sink.told).toEqual([...places(1, 6), ...places(1, 2, 2), 'gap 2/2 → 2/5', '2/5']);
      const late = ['1/4', '1/5', '1/6', '1/7'];
      expect(sink.repeats).toEqual(scene.log.keepsRepetitions ? late : []);
    });

    test('after a position names as met again nothing of what lies before it, and all that comes again after it', async () => {
      await scene.relay.publish(records(1, 10));
      await scene.relay.publish(records(4, 10));
      const [middle, end] = [collect(), collect()];
      await scene.api.read({ epoch: 1, seq: 6 }, middle);
      await scene.api.read({ epoch: 1, seq: 10 }, end);
      await scene.relay.publish(records(2, 11));
      await Promise.all([middle.until(11), end.until(11)]);
      expect(middle.told).toEqual(places(7, 11));
      expect(end.told).toEqual(places(11, 11));
      const again = [...places(4, 10), ...places(2, 10)];
      expect(middle.repeats).toEqual(scene.log.keepsRepetitions ? again : []);
      expect(end.repeats).toEqual(scene.log.keepsRepetitions ? again : []);
    });

    test('is the same for every reader', async () => {
      const [one, two] = [collect(), collect()];
      await scene.api.read('earliest', one);
      await scene.api.read('earliest', two);
      await scene.relay.publish(records(1, 50));
      await Promise.all([one.until(50), two.until(50)]);
      expect(one.told).toEqual(places(1, 50));
      expect(two.told).toEqual(places(1, 50));
    });

    test('goes on with a newer epoch, whatever its numbers, and never returns to an older one', async () => {
      const sink = collect();
      await scene.api.read('earliest', sink);
      await scene.relay.publish(records(1, 3));
      await scene.relay.publish(records(2, 3, { epoch: 2 }));
      await sink.until(3, 2);
      await scene.relay.publish(records(4, 5));
      await scene.relay.publish(records(4, 4, { epoch: 2 }));
      await sink.until(4, 2);
      expect(sink.told).toEqual([...places(1, 3), ...places(2, 4, 2)]);
    });

    test('tells of numbers that are missing before it goes on', async () => {
      const sink = collect();
      await scene.api.read('earliest', sink);
      await scene.relay.publish([record(1), record(2), record(5), record(6)]);
      await sink.until(6);
      expect(sink.told).toEqual(['1/1', '1/2', 'gap 1/2 → 1/5', '1/5', '1/6']);
    });
  });

  describe('a reader starts', () => {
    test('at the earliest record that is kept', async () => {
      await scene.relay.publish(records(1, 20));
      await scene.log.cutBefore(8);
      const sink = collect();
      await scene.api.read('earliest', sink);
      await sink.until(20);
      expect(sink.told).toEqual(places(8, 20));
    });

    test('at the latest: with what is published from then on', async () => {
      await scene.relay.publish(records(1, 20));
      const sink = collect();
      await scene.api.read('latest', sink);
      await scene.relay.publish(records(21, 22));
      await sink.until(22);
      expect(sink.told).toEqual(places(21, 22));
    });

    test('at the latest of an empty log: with its first record', async () => {
      const sink = collect();
      await scene.api.read('latest', sink);
      await scene.relay.publish(records(1, 2));
      await sink.until(2);
      expect(sink.told).toEqual(places(1, 2));
    });

    test('at the latest, where a late repetition ends the log: without a gap', async () => {
      await scene.relay.publish(records(1, 20));
      await scene.relay.publish(records(5, 9));
      const sink = collect();
      await scene.api.read('latest', sink);
      await scene.relay.publish(records(21, 22));
      await sink.until(22);
      expect(sink.told).toEqual(places(21, 22));
    });

    test('after any position in the middle, although batches were published again', async () => {
      for (const first of [1, 101, 201]) {
        await scene.relay.publish(records(first, first + 99));
        await scene.relay.publish(records(first + 50, first + 99));
      }
      for (const seq of [1, 99, 100, 150, 299]) {
        const sink = collect();
        const reader = await scene.api.read({ epoch: 1, seq }, sink);
        await sink.until(300);
        expect(sink.told).toEqual(places(seq + 1, 300));
        await reader.close();
      }
    });

    test('after a position older than what is kept, and tells what is missing', async () => {
      await scene.relay.publish(records(1, 20));
      await scene.log.cutBefore(8);
      const sink = collect();
      await scene.api.read({ epoch: 1, seq: 3 }, sink);
      await sink.until(20);
      expect(sink.told).toEqual(['gap 1/3 → 1/8', ...places(8, 20)]);
    });

    test('after a position when nothing is kept any more: tells what is missing with the next record', async () => {
      await scene.relay.publish(records(1, 20));
      await scene.log.cutBefore(21);
      const sink = collect();
      await scene.api.read({ epoch: 1, seq: 3 }, sink);
      await scene.relay.publish(records(21, 22));
      await sink.until(22);
      expect(sink.told).toEqual(['gap 1/3 → 1/21', ...places(21, 22)]);
    });

    test('after a position just before what is kept, without a gap', async () => {
      await scene.relay.publish(records(1, 20));
      await scene.log.cutBefore(8);
      const sink = collect();
      await scene.api.read({ epoch: 1, seq: 7 }, sink);
      await sink.until(20);
      expect(sink.told).toEqual(places(8, 20));
    });

    test('after a position beyond the end, with nothing until the log has passed it', async () => {
      await scene.relay.publish(records(1, 20));
      const sink = collect();
      await scene.api.read({ epoch: 1, seq: 25 }, sink);
      await scene.relay.publish(records(21, 24));
      await scene.relay.publish(records(25, 27));
      await sink.until(27);
      expect(sink.told).toEqual(places(26, 27));
    });

    test('after a position of an epoch of which nothing is kept, with the oldest record of the epoch that replaced it', async () => {
      await scene.relay.publish(records(1, 5));
      await scene.relay.publish(records(6, 10, { epoch: 2 }));
      await scene.log.cutBefore(8);
      const sink = collect();
      await scene.api.read({ epoch: 1, seq: 3 }, sink);
      await sink.until(10, 2);
      expect(sink.told).toEqual(places(8, 10, 2));
    });

    test('after a position of an epoch that is over and partly kept: tells what is missing of it, then what replaced it', async () => {
      await scene.relay.publish(records(1, 5));
      await scene.relay.publish(records(6, 10, { epoch: 2 }));
      await scene.log.cutBefore(5);
      const sink = collect();
      await scene.api.read({ epoch: 1, seq: 3 }, sink);
      await sink.until(10, 2);
      expect(sink.told).toEqual(['gap 1/3 → 1/5', '1/5', ...places(6, 10, 2)]);
    });

    test('after a position of an epoch yet to come, with nothing until the log has passed it', async () => {
      await scene.relay.publish(records(1, 5));
      const sink = collect();
      await scene.api.read({ epoch: 2, seq: 3 }, sink);
      await scene.relay.publish(records(6, 8));
      await scene.relay.publish(records(1, 5, { epoch: 2 }));
      await sink.until(5, 2);
      expect(sink.told).toEqual(places(4, 5, 2));
    });

    test('after a position of an epoch that is over, with the epoch that replaced it', async () => {
      await scene.relay.publish(records(1, 5));
      await scene.relay.publish(records(1, 5, { epoch: 2 }));
      const sink = collect();
      await scene.api.read({ epoch: 1, seq: 4 }, sink);
      await sink.until(5, 2);
      expect(sink.told).toEqual([...places(5, 5), ...places(1, 5, 2)]);
    });
  });

  describe('bounds', () => {
    test('are null while the log is empty', async () => {
      expect(await scene.api.bounds()).toBeNull();
    });

    test('are one place when there is one record', async () => {
      await scene.relay.publish([record(1)]);
      const place = { epoch: 1, seq: 1 };
      expect(await scene.api.bounds()).toEqual({ oldest: place, newest: place, newestTag: 'tag-1' });
    });

    test('name the highest record, though a late repetition follows it', async () => {
      await scene.relay.publish(records(1, 9));
      await scene.relay.publish(records(10, 12, { tag: 'tag-2' }));
      await scene.relay.publish(records(2, 9));
      expect(await scene.api.bounds()).toEqual({
        oldest: { epoch: 1, seq: 1 },
        newest: { epoch: 1, seq: 12 },
        newestTag: 'tag-2',
      });
    });

    test('name the newest epoch, though its numbers are lower', async () => {
      await scene.relay.publish(records(100, 120));
      await scene.relay.publish(records(1, 2, { epoch: 2, tag: 'tag-2' }));
      await scene.relay.publish(records(121, 122));
      expect(await scene.api.bounds()).toMatchObject({ newest: { epoch: 2, seq: 2 }, newestTag: 'tag-2' });
    });

    test('move with what retention has cut', async () => {
      await scene.relay.publish(records(1, 20));
      await scene.log.cutBefore(15);
      expect(await scene.api.bounds()).toMatchObject({ oldest: { epoch: 1, seq: 15 }, newest: { epoch: 1, seq: 20 } });
    });

    test('pass over what cannot be read', async () => {
      await scene.relay.publish([...records(1, 3), rubbish(4, 'rubbish'), rubbish(5, '')]);
      expect(await scene.api.bounds()).toMatchObject({ oldest: { epoch: 1, seq: 1 }, newest: { epoch: 1, seq: 3 } });
    });
  });
});
