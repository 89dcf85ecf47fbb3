import { describe, expect, jest, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import { rowFromRecord } from '../model/record-row.ts';
import { task } from '../schema/task.ts';
import type { Following } from './ring.ts';
import { created, raw, read, row, startFeed } from './testing/start-feed.ts';
import { createUnreached } from './unreached.ts';

const ways = ['watch', 'follow'] as const;

/** A client of another process was told of `t1`, at seq 14, and comes back to one that has read up to 6. */
async function comeBack(way: (typeof ways)[number], { inNewEpoch = false, lostTailMs = 0 } = {}) {
  const other = await startFeed();
  if (inNewEpoch) await other.log.newEpoch();
  await other.log.heartbeat(inNewEpoch ? 6 : 7);
  const frames = await other[way]('ada', task);
  await other.log.commit(101, [created('t1', 'home')]);
  const [, told] = await raw(frames, 2);
  const after = told !== undefined && 'frame' in told ? told.frame.cursor : null;
  const { log, database, ...here } = await startFeed({ lostTailMs });
  database.state.rows = [rowFromRecord(task, row('t2', 'home'))];
  return { log, again: await here[way]('ada', task, { after }) };
}

describe.each(ways)('with a cursor from beyond the end of the log, which an older disk has cut short: %s', (way) => {
  const begunAnew = {
    watch: { reset: true, upToDate: true, changes: ['CREATED t2'] },
    follow: { error: 'CURSOR_EXPIRED' },
  };

  test('begins anew, though the log has not come so far again', async () => {
    const { log, again } = await comeBack(way);
    log.endAt({ epoch: 1, seq: 13 });
    expect(await read(again, 1)).toEqual([begunAnew[way]]);
  });

  test('not at once: the end of the log may have been lost, and is sent again', async () => {
    const { log, again } = await comeBack(way, { lostTailMs: 60_000 });
    log.endAt({ epoch: 1, seq: 13 });
    const { boundsRead } = log;
    await waitFor(() => log.boundsRead > boundsRead + 2, { what: 'the log to be asked' });
    await log.heartbeat(7);
    await log.commit(101, [created('t1', 'home')]);
    expect(await read(again, 1)).toMatchObject([{ changes: [], upToDate: true }]);
  });

  test('also from a newer epoch, which is gone', async () => {
    const { log, again } = await comeBack(way, { inNewEpoch: true });
    log.endAt({ epoch: 1, seq: 1_000 });
    expect(await read(again, 1)).toEqual([begunAnew[way]]);
  });

  test('waits while the log cannot be asked', async () => {
    const { log, again } = await comeBack(way);
    log.endAt(new Error('no broker answers'));
    await waitFor(() => log.boundsRead > 1, { what: 'the log to be asked' });
    log.endAt({ epoch: 1, seq: 13 });
    expect(await read(again, 1)).toEqual([begunAnew[way]]);
  });

  test('goes on where the log reaches so far and only this process does not', async () => {
    const { log, again } = await comeBack(way);
    log.endAt({ epoch: 1, seq: 14 });
    await waitFor(() => log.boundsRead > 1, { what: 'the log to be asked' });
    await log.heartbeat(7);
    await log.commit(101, [created('t1', 'home')]);
    await log.commit(102, [created('t3', 'home')]);
    expect(await read(again, 2)).toMatchObject([{ changes: [], upToDate: true }, { changes: ['CREATED t3'] }]);
  });

  test.each(['it has gone', 'a new epoch has come'])('is waited for no more once %s', async (what) => {
    const ticks = jest.spyOn(globalThis, 'setInterval');
    const { log, again } = await comeBack(way);
    const [tick] = ticks.mock.lastCall ?? [];
    ticks.mockRestore();
    log.endAt(new Error('no broker answers'));
    const asked = () => {
      const { boundsRead } = log;
      tick?.();
      return log.boundsRead - boundsRead;
    };
    expect(asked()).toBe(1);
    if (what === 'it has gone') await again.return?.();
    else await log.newEpoch();
    // What was asked has to be answered first.
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked()).toBe(0);
  });
});

describe('the log is not asked any more for a place', () => {
  const place = { epoch: 1, epochId: 'e', seq: 5, tag: 't' };
  const newest = { epoch: 1, seq: 4 };
  const create = () => {
    const state = { asked: 0, isAway: false, following: 'ahead' as Following };
    const bounds = async () => {
      state.asked += 1;
      if (state.isAway) throw new Error('no broker answers');
      return { oldest: newest, newest, newestTag: 'tag' };
    };
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const ring = { after: () => state.following };
    const unreached = createUnreached({ stream: { bounds }, ring, onLost() {}, log, patienceMs: 60_000 });
    unreached.after(place);
    return { state, unreached };
  };

  test('that was left while it did not answer', async () => {
    const { state, unreached } = create();
    state.isAway = true;
    await unreached.look();
    unreached.leave(place);
    await unreached.look();
    expect(state.asked).toBe(1);
  });

  test('that was left before it answered', async () => {
    const { state, unreached } = create();
    const looking = unreached.look();
    unreached.leave(place);
    await looking;
    await unreached.look();
    expect(state.asked).toBe(1);
  });

  test('that was come to', async () => {
    const { state, unreached } = create();
    state.following = null;
    unreached.after(place);
    await unreached.look();
    expect(state.asked).toBe(0);
  });
});
