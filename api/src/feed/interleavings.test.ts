import { describe, expect, test } from '@jest/globals';
import { createDirectory } from '../authority/directory.ts';
import { task } from '../schema/task.ts';
import { user } from '../schema/user.ts';
import type { FrameQueue } from './frame-queue.ts';
import {
  created,
  cursorOf,
  joined,
  left,
  memberRow,
  raw,
  read,
  renamed,
  row,
  startFeed,
} from './testing/start-feed.ts';

const deleted = (key: string) => ({ table: 'tasks', key, before: row(key, 'home'), after: null });

/** The code with which it ends, whether it is refused or ends later. */
async function codeOf(following: Promise<FrameQueue>): Promise<unknown> {
  try {
    const [first] = await read(await following, 1);
    return first !== undefined && 'error' in first ? first.error : first;
  } catch (error) {
    return (error as { extensions?: { code?: string } }).extensions?.code;
  }
}

describe('changes are never missed in silence', () => {
  test('by whoever comes back into a transaction that took its membership', async () => {
    const { log, follow, database } = await startFeed({ frame: { maxChanges: 1, maxBytes: 1e6 } });
    const frames = await follow('ada', task);
    await log.heartbeat(5);
    await log.commit(101, [left('ada', 'home'), deleted('t1'), deleted('t2'), deleted('t3')]);
    const after = await cursorOf(frames, 1);
    database.state.members = database.state.members.filter(({ user_id }) => user_id !== 'ada');
    expect(await codeOf(follow('ada', task, { after }))).toBe('CURSOR_EXPIRED');
  });

  test('by whoever loses its membership in a transaction too large to hold', async () => {
    const { log, follow } = await startFeed();
    const frames = await follow('ada', task);
    await log.heartbeat(5);
    await raw(frames, 1);
    await log.commit(101, [left('ada', 'home'), ...Array.from({ length: 400 }, (_, index) => deleted(`t${index}`))]);
    expect(await read(frames, 1)).toEqual([{ error: 'CURSOR_EXPIRED' }]);
  });

  test('of people: the cursor knows who has come into view since', async () => {
    const { log, follow, database } = await startFeed();
    const frames = await follow('ada', user);
    await log.heartbeat(5);
    await log.commit(101, [joined('eve', 'home')]);
    await log.commit(102, [renamed('eve')]);
    const after = await cursorOf(frames, 1);
    const before = database.state.members;
    database.state.members = [...before, joined('eve', 'home').after];
    expect(await codeOf(follow('ada', user, { after }))).toMatchObject({ upToDate: true });
    await log.commit(103, [renamed('eve')]);
    await log.commit(104, [left('eve', 'home')]);
    database.state.members = before;
    expect(await codeOf(follow('ada', user, { after }))).toBe('CURSOR_EXPIRED');
  });
});

describe('a watch that is read anew', () => {
  test('says that what is on screen may be old, when the log was lost and is silent', async () => {
    const { log, watch } = await startFeed({ stalledMs: 500 });
    const frames = await watch('ada', task);
    await log.heartbeat(5);
    log.gap();
    expect(await read(frames, 2)).toMatchObject([{ reset: true }, { upToDate: false, changes: [] }]);
  });

  test('says so when Postgres does not answer and the log stands still', async () => {
    const { log, watch, database } = await startFeed({ stalledMs: 500 });
    const frames = await watch('ada', task);
    await log.heartbeat(5);
    database.holdAnswers();
    await log.commit(101, [joined('ada', 'elsewhere')]);
    expect(await read(frames, 2)).toMatchObject([{ reset: true }, { upToDate: false, changes: [] }]);
  });

  test('is read once more when its viewer is distrusted meanwhile', async () => {
    const { log, watch, database, feed } = await startFeed();
    const frames = await watch('ada', task);
    await log.heartbeat(5);
    await raw(frames, 1);
    let snapshots = 0;
    const { read: readSnapshot } = database.snapshots;
    database.snapshots.read = (...given) => {
      snapshots += 1;
      return readSnapshot(...given);
    };
    const answer = database.holdAnswers();
    await log.commit(101, [joined('ada', 'elsewhere')]);
    feed.distrust('ada', createDirectory({ members: [], adminIds: [] }).authorityOf('ada'));
    answer();
    expect(await read(frames, 1)).toMatchObject([{ reset: true }]);
    expect(snapshots).toBe(2);
  });
});

test('a watch that was read after a loss is not read again because the log has not told of it yet', async () => {
  const { log, watch, database, feed } = await startFeed();
  database.state.members = [memberRow('bob', 'elsewhere')];
  database.state.snapshot = '102:102:';
  const frames = await watch('bob', task);
  expect(await read(frames, 1)).toMatchObject([{ reset: true }]);
  feed.distrust('bob', createDirectory({ members: database.state.members, adminIds: [] }).authorityOf('bob'));
  await log.commit(101, [left('bob', 'home'), joined('bob', 'elsewhere')]);
  await log.commit(110, [created('t1', 'elsewhere')]);
  expect(await read(frames, 1)).toMatchObject([{ changes: ['CREATED t1'] }]);
});

test('whoever has left while it waited for its turn opens no reader of the stream', async () => {
  const { log, follow } = await startFeed({
    ring: { maxBytes: 4_000, maxAgeMs: 60_000 },
    replays: { max: 1, turnMs: 60_000, gatherMs: 1, maxRecordsAhead: 0, maxBytes: 1_000 },
  });
  const frames = await follow('ada', task);
  const after = await cursorOf(frames, 0);
  await log.commit(101, [created('t101', 'home')]);
  const ahead = await cursorOf(frames, 0);
  await frames.return?.();
  for (let xid = 102; xid <= 160; xid += 1) await log.commit(xid, [created(`t${xid}`, 'home')]);
  const first = await follow('ada', task, { after: ahead });
  await read(first, 1);
  for (let count = 0; count < 5; count += 1) {
    const waiting = await follow('ada', task, { after });
    await new Promise((resolve) => setTimeout(resolve, 10));
    await waiting.return?.();
  }
  await first.return?.();
  await read(await follow('ada', task, { after }), 1);
  expect(log.readers).toMatchObject({ all: 2, most: 1 });
});
