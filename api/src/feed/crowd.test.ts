import { describe, expect, test } from '@jest/globals';
import { rowFromRecord } from '../model/record-row.ts';
import { task } from '../schema/task.ts';
import { user } from '../schema/user.ts';
import type { FrameQueue } from './frame-queue.ts';
import { created, cursorOf, joined, raw, read, row, startFeed } from './testing/start-feed.ts';

const rows = (...keys: string[]) => keys.map((key) => rowFromRecord(task, row(key, 'home')));

/** The first frames as they are, not as they read. */
async function framesOf(queue: FrameQueue, count: number) {
  return (await raw(queue, count)).map((event) => {
    if ('error' in event) throw event.error;
    return event.frame;
  });
}

describe('equal watches that begin at once', () => {
  test('are read for once, told the same frames, and go on each from its own cursor', async () => {
    const { log, database, feed, watch } = await startFeed({ frame: { maxChanges: 2, maxBytes: 1e6 } });
    database.state.rows = rows('t1', 't2', 't3', 't4', 't5');
    database.state.pageRows = 3;
    const queues = await Promise.all([watch('ada', task), watch('bob', task)]);
    expect(feed.counters.snapshots).toBe(1);
    const [ada = [], bob = []] = await Promise.all(queues.map((queue) => framesOf(queue, 3)));
    expect(ada.map(({ changes }) => changes.map(({ key }) => key))).toEqual([['t1', 't2'], ['t3'], ['t4', 't5']]);
    for (const [index, frame] of ada.entries()) {
      expect(frame.changes).toBe(bob[index]?.changes);
      expect(frame.cursor).not.toBe(bob[index]?.cursor);
    }
    await log.commit(101, [created('t6', 'home')]);
    for (const [viewerId, frames] of [
      ['ada', ada],
      ['bob', bob],
    ] as const) {
      const again = await watch(viewerId, task, { after: frames.at(-1)?.cursor });
      expect(await read(again, 1)).toEqual([{ upToDate: true, changes: ['CREATED t6'], transactionId: '101' }]);
    }
    expect(feed.counters.snapshots).toBe(1);
    // From the middle of it there is no going on.
    expect(await read(await watch('bob', task, { after: bob[1]?.cursor }), 1)).toMatchObject([{ reset: true }]);
  });

  test('are told each from where it came on: the author of what S has seen hears of it, though others came later', async () => {
    const { log, database, watch } = await startFeed();
    const ada = watch('ada', task);
    database.state.snapshot = '102:102:';
    database.state.rows = rows('t1');
    await log.commit(101, [created('t1', 'home')], { actor: 'ada', actorSession: 'session-of-ada' });
    const bob = watch('bob', task);
    expect(await read(await ada, 2)).toMatchObject([
      { reset: true, changes: ['CREATED t1'] },
      { changes: [], transactionId: '101' },
    ]);
    expect(await read(await bob, 1)).toMatchObject([{ reset: true, upToDate: true, changes: ['CREATED t1'] }]);
  });
});

describe('those who come back to the same place', () => {
  async function comeBack(
    of: typeof task,
    missed: (log: Awaited<ReturnType<typeof startFeed>>['log']) => Promise<void>,
  ) {
    const { log, follow } = await startFeed();
    await log.heartbeat(5);
    const afters = await Promise.all(
      (['ada', 'bob'] as const).map(async (viewerId) => {
        const frames = await follow(viewerId, of);
        const after = await cursorOf(frames, 0);
        await frames.return?.();
        return [viewerId, after] as const;
      }),
    );
    await log.heartbeat(5);
    await missed(log);
    const queues = await Promise.all(afters.map(([viewerId, after]) => follow(viewerId, of, { after })));
    return { log, queues, follow };
  }

  test('are told what they missed in the same frames, under cursors of their own', async () => {
    const { queues, follow } = await comeBack(task, async (log) => {
      await log.commit(101, [created('t1', 'home')]);
      await log.commit(102, [created('t2', 'elsewhere')]);
      await log.commit(103, [created('t3', 'home'), created('t4', 'home')]);
    });
    const [ada = [], bob = []] = await Promise.all(queues.map((queue) => framesOf(queue, 2)));
    expect(ada.map(({ upToDate, changes }) => [upToDate, changes.map(({ key }) => key)])).toEqual([
      [false, ['t1']],
      [true, ['t3', 't4']],
    ]);
    for (const [index, frame] of ada.entries()) {
      expect(frame.changes).toBe(bob[index]?.changes);
      expect(frame.cursor).not.toBe(bob[index]?.cursor);
    }
    expect(await read(await follow('bob', task, { after: bob[0]?.cursor }), 1)).toMatchObject([
      { changes: ['CREATED t3', 'CREATED t4'] },
    ]);
  });

  test('but not what concerns their own rights, and not people, whom each sees in his own way', async () => {
    const { queues } = await comeBack(user, async (log) => {
      await log.commit(101, [joined('eve', 'home')]);
    });
    for (const queue of queues) expect(await read(queue, 1)).toMatchObject([{ upToDate: true, changes: [] }]);
  });
});
