import { describe, expect, jest, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import { createDirectory } from '../authority/directory.ts';
import type { Row } from '../model/row.ts';
import { task } from '../schema/task.ts';
import { user } from '../schema/user.ts';
import { createFakeLog } from './testing/fake-log.ts';
import {
  changes,
  created,
  cursorOf,
  joined,
  left,
  memberRow,
  read,
  readUpToDate,
  renamed,
  soon,
  startFeed,
} from './testing/start-feed.ts';

describe('while everybody is only just read', () => {
  test('who is what can be compared with Postgres already, however long the log stands still', async () => {
    const { log, feed, follow } = await startFeed({ aligned: false });
    const nothing = createDirectory({ members: [], adminIds: [] }).authorityOf('ada');
    await log.heartbeat(2);
    await follow('ada', task);
    expect(feed.hasLost('ada', nothing)).toBe(true);
    await log.commit(101, [left('ada', 'home')]);
    await waitFor(() => !feed.hasLost('ada', nothing), { what: 'the log to have told of it' });
  });

  test('a viewer who joins a workspace comes to see its members, and loses nothing', async () => {
    const { log, follow } = await startFeed({ aligned: false });
    await log.heartbeat(2);
    const frames = await follow('bob', user);
    await log.commit(101, [joined('bob', 'elsewhere')]);
    await log.commit(102, [renamed('eve')]);
    await log.heartbeat(4);
    expect(await changes(frames, 1)).toEqual([['UPDATED eve']]);
  });

  test('nobody is shown what happened to people before they came', async () => {
    // Another process gives the cursor; by it Bob is past b + 3.
    const other = await startFeed();
    const theirs = await other.follow('bob', user);
    await other.log.heartbeat(5);
    await other.log.commit(100, [renamed('bob')]);
    const after = await cursorOf(theirs, 1);
    // This one has only just read everybody: with Zoe, who came in 104, of which the log has yet to tell.
    const { log, database, follow } = await startFeed({ aligned: false });
    database.state.members = [...database.state.members, memberRow('zoe', 'elsewhere')];
    database.state.snapshot = '105:105:';
    database.state.batch = 20;
    await log.heartbeat(11);
    await log.commit(100, [renamed('bob')]);
    await log.commit(101, [joined('bob', 'elsewhere')]);
    await log.commit(102, [renamed('zoe')]);
    await log.commit(103, [left('bob', 'elsewhere')]);
    const frames = await follow('bob', user, { after });
    const told = read(frames, 1);
    expect(await soon(told)).toBe('nothing');
    await log.commit(104, [joined('zoe', 'elsewhere')]);
    await log.heartbeat(12);
    expect(await soon(told)).toEqual([{ upToDate: true, changes: [] }]);
  });
});

describe('whoever comes in passes by what cannot concern it', () => {
  const ofTask = (key: string) => ({ where: { id: { equals: key } }, matches: (row: Row) => row['id'] === key });

  test('and is live past b + 3, as if it had looked at all of it', async () => {
    const { log, feed, watch, follow } = await startFeed();
    const frames = await Promise.all([watch('ada', task, ofTask('t1')), follow('ada', task, ofTask('t1'))]);
    await log.commit(100, [created('other', 'home')]);
    await log.commit(101, [created('t2', 'home'), created('t3', 'home')]);
    await waitFor(() => feed.groups === 0, { what: 'nobody to be live yet' });
    await log.commit(102, [created('t4', 'home')]);
    await log.commit(103, [created('t5', 'home')]);
    await waitFor(() => feed.groups === 2, { what: 'both to be live' });
    await log.commit(104, [created('t1', 'home')]);
    for (const queue of frames) {
      expect(await readUpToDate(queue)).toMatchObject([{ changes: [] }]);
      expect(await readUpToDate(queue)).toMatchObject([{ changes: ['CREATED t1'] }]);
    }
  });

  test('but not by what does, or takes its rights away, among many of others', async () => {
    const { log, follow } = await startFeed();
    const after = await cursorOf(await follow('ada', task, ofTask('t1')), 0);
    for (let xid = 100; xid < 160; xid += 1) await log.commit(xid, [created(xid === 130 ? 't1' : `t${xid}`, 'home')]);
    await log.commit(160, [left('ada', 'home')]);
    await log.commit(161, [created('t1', 'home')]);
    await log.commit(162, [created('t1', 'elsewhere')]);
    await log.commit(163, [joined('ada', 'home'), created('t1', 'home')]);
    const frames = await follow('ada', task, { ...ofTask('t1'), after });
    const told = (await read(frames, 2)).map((frame) => ('changes' in frame ? frame.changes : frame));
    expect(told).toEqual([['CREATED t1'], ['CREATED t1']]);
  });

  test('nor by what its own session has written, which it is told of', async () => {
    const { log, follow } = await startFeed();
    const after = await cursorOf(await follow('ada', task, ofTask('t1')), 0);
    await log.commit(100, [created('other', 'home')], { actorSession: 'session-of-bob' });
    await log.commit(101, [created('other', 'home')], { actorSession: 'session-of-ada' });
    await log.commit(102, [created('other', 'home')]);
    const frames = await follow('ada', task, { ...ofTask('t1'), after });
    expect(await read(frames, 1)).toMatchObject([{ changes: [], transactionId: expect.stringContaining('101') }]);
  });
});

test('a feed that cannot start leaves nothing running', async () => {
  jest.useFakeTimers();
  try {
    const away = () => Promise.reject(new Error('away'));
    for (const failing of [{ bounds: away }, { read: away }]) {
      const log = createFakeLog();
      await expect(startFeed({ log: { ...log, stream: { ...log.stream, ...failing } } })).rejects.toThrow('away');
    }
    expect(jest.getTimerCount()).toBe(0);
  } finally {
    jest.useRealTimers();
  }
});

test('a crash of the server while everybody was only just read has everybody read again, and loses nobody', async () => {
  const { log, database, feed, follow } = await startFeed({ aligned: false });
  await log.heartbeat(2);
  log.restartServer();
  database.state.members = [memberRow('eve', 'home')];
  await log.commit(101, [created('t1', 'home')]);
  await log.heartbeat(4);
  expect(feed.counters.resyncs).toBe(0);
  const frames = await follow('eve', task);
  await log.heartbeat(4);
  await log.commit(102, [created('t2', 'home')]);
  expect(await changes(frames, 1)).toEqual([['CREATED t2']]);
});
