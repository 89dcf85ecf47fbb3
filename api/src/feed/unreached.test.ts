import { describe, expect, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import { rowFromRecord } from '../model/record-row.ts';
import { task } from '../schema/task.ts';
import { created, raw, read, row, startFeed } from './testing/start-feed.ts';

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
});
