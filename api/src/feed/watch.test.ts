import { describe, expect, test } from '@jest/globals';
import { rowFromRecord } from '../model/record-row.ts';
import type { Row } from '../model/row.ts';
import { comment } from '../schema/comment.ts';
import { task } from '../schema/task.ts';
import { user } from '../schema/user.ts';
import { createBacklog } from './backlog.ts';
import { createSnapshotMemory } from './snapshot-memory.ts';
import {
  bounds,
  created,
  joined,
  left,
  raw,
  read,
  readUpToDate,
  renamed,
  row,
  startFeed,
} from './testing/start-feed.ts';

const rows = (...tasks: readonly (readonly [string, string])[]): Row[] =>
  tasks.map(([key, workspaceId]) => rowFromRecord(task, row(key, workspaceId)));

describe('a watch', () => {
  test('begins with all rows that its viewer may see, then tells each transaction', async () => {
    const { log, database, watch } = await startFeed();
    database.state.rows = rows(['t1', 'home'], ['t2', 'elsewhere'], ['t3', 'home']);
    const frames = await watch('ada', task);
    await log.commit(101, [created('t4', 'home')]);
    expect(await readUpToDate(frames)).toEqual([
      { reset: true, changes: ['CREATED t1', 'CREATED t3'] },
      { changes: ['CREATED t4'], transactionId: '101' },
    ]);
  });

  test('of nothing begins with one frame that says so', async () => {
    const { watch } = await startFeed();
    expect(await read(await watch('ada', task), 1)).toEqual([{ reset: true, upToDate: true, changes: [] }]);
  });

  test('sends a large snapshot in frames of bounded size, of which only the last is up to date', async () => {
    const { database, watch } = await startFeed({ frame: { maxChanges: 2, maxBytes: 1e6 } });
    database.state.rows = rows(['t1', 'home'], ['t2', 'home'], ['t3', 'home'], ['t4', 'home'], ['t5', 'home']);
    database.state.pageRows = 3;
    expect(await read(await watch('ada', task), 3)).toEqual([
      { reset: true, upToDate: false, changes: ['CREATED t1', 'CREATED t2'] },
      { upToDate: false, changes: ['CREATED t3'] },
      { upToDate: true, changes: ['CREATED t4', 'CREATED t5'] },
    ]);
  });

  test('drops what its snapshot has seen, but tells the author that it is there', async () => {
    const { log, database, watch } = await startFeed();
    database.state.snapshot = '102:102:';
    database.state.rows = rows(['t1', 'home']);
    const ada = await watch('ada', task);
    const bob = await watch('bob', task);
    await log.commit(101, [created('t1', 'home')], { actor: 'ada', actorSession: 'session-of-ada' });
    await log.commit(102, [created('t2', 'home')]);
    const second = { upToDate: true, changes: ['CREATED t2'], transactionId: '102' };
    expect((await read(ada, 3)).slice(1)).toMatchObject([{ changes: [], transactionId: '101' }, second]);
    expect((await read(bob, 2)).slice(1)).toEqual([second]);
  });

  test('of several models tells a transaction of all of them in one frame', async () => {
    const { log, watch } = await startFeed();
    const frames = await watch('ada', [task, comment]);
    const written = { ...row('c1', 'home'), task_id: 't1', author_id: null, body: 'b' };
    await log.commit(101, [{ table: 'comments', key: 'c1', before: null, after: written }, created('t1', 'home')]);
    expect((await read(frames, 2))[1]).toMatchObject({ changes: ['CREATED t1', 'CREATED c1'] });
  });
});

test('the last page of a snapshot does not say that all that the log has brought is there', async () => {
  const { log, database, watch } = await startFeed({ frame: { maxChanges: 1, maxBytes: 1e6 } });
  database.state.rows = rows(...Array.from({ length: 20 }, (_, index) => [`t${index}`, 'home'] as [string, string]));
  const frames = await watch('ada', task);
  await read(frames, 1);
  await log.commit(101, [created('later', 'home')]);
  const told = await read(frames, 20);
  expect(told.slice(-2)).toMatchObject([
    { changes: ['CREATED t19'], upToDate: false },
    { changes: ['CREATED later'], upToDate: true },
  ]);
});

test('a session that was dead in the snapshot is given no watch', async () => {
  const { database, watch } = await startFeed();
  database.state.liveSessionIds = [];
  await expect(watch('ada', task)).rejects.toMatchObject({ extensions: { code: 'SESSION_REVOKED' } });
});

describe('a watch is read anew', () => {
  test('and tells its author nothing twice', async () => {
    const { log, database, watch } = await startFeed();
    const frames = await watch('ada', task);
    await log.heartbeat(5);
    await log.commit(101, [created('t1', 'home')], { actor: 'ada', actorSession: 'session-of-ada' });
    database.state.snapshot = '103:103:';
    await log.commit(102, [joined('ada', 'elsewhere')]);
    expect(await read(frames, 2)).toMatchObject([{ reset: true }, { transactionId: '101' }]);
    expect(await readUpToDate(frames)).toMatchObject([{ reset: true }]);
    await log.commit(103, [created('t2', 'home')]);
    expect(await read(frames, 1)).toMatchObject([{ transactionId: '103' }]);
  });

  test.each([0, 5])(
    'when its viewer joins a workspace, or leaves it (%i heartbeats after the start)',
    async (beats) => {
      const { log, database, watch } = await startFeed();
      database.state.rows = rows(['t1', 'home'], ['t2', 'elsewhere']);
      const frames = await watch('bob', task);
      await log.heartbeat(beats);
      database.state.snapshot = '102:102:';
      const alone = database.state.members;
      database.state.members = [
        ...alone,
        { ...alone[1], id: 'member-bob-elsewhere', workspace_id: 'elsewhere' } as never,
      ];
      expect(await readUpToDate(frames)).toEqual([{ reset: true, changes: ['CREATED t1'] }]);
      await log.commit(101, [joined('bob', 'elsewhere')]);
      expect(await readUpToDate(frames)).toEqual([{ reset: true, changes: ['CREATED t1', 'CREATED t2'] }]);
      await log.commit(102, [created('t3', 'elsewhere')]);
      expect(await read(frames, 1)).toEqual([{ upToDate: true, changes: ['CREATED t3'], transactionId: '102' }]);
      await log.heartbeat(beats);
      database.state.snapshot = '104:104:';
      database.state.members = alone;
      await log.commit(103, [left('bob', 'elsewhere')]);
      expect(await readUpToDate(frames)).toEqual([{ reset: true, changes: ['CREATED t1'] }]);
      await log.commit(104, [created('t4', 'elsewhere')]);
      await log.commit(105, [created('t5', 'home')]);
      expect(await read(frames, 1)).toEqual([{ upToDate: true, changes: ['CREATED t5'], transactionId: '105' }]);
    },
  );

  test('when others come into view or go out of it', async () => {
    const { log, watch } = await startFeed();
    const frames = await watch('ada', user);
    await log.heartbeat(5);
    await log.commit(101, [joined('eve', 'home')]);
    expect(await read(frames, 2)).toMatchObject([{ reset: true }, { reset: true }]);
  });

  test('not when a workspace is concerned that it does not ask for', async () => {
    const { log, watch } = await startFeed();
    const frames = await watch('bob', task, { workspaceId: 'home' });
    await log.heartbeat(5);
    await log.commit(101, [joined('bob', 'elsewhere')]);
    await log.commit(102, [created('t1', 'home')]);
    expect((await read(frames, 2))[1]).toMatchObject({ changes: ['CREATED t1'] });
  });

  test.each(['a gap', 'a new epoch', 'a truncated table', 'a crash of the server'])(
    'after %s, and goes on',
    async (what) => {
      const { log, database, watch } = await startFeed();
      database.state.rows = rows(['t1', 'home']);
      const frames = await watch('ada', task);
      expect(await read(frames, 1)).toMatchObject([{ reset: true, changes: ['CREATED t1'] }]);
      database.state.rows = rows(['t2', 'home']);
      database.state.snapshot = '105:105:';
      if (what === 'a gap') log.gap();
      if (what === 'a new epoch') await log.newEpoch();
      if (what === 'a truncated table') await log.raw(100, 'tasks', 'truncate');
      if (what === 'a crash of the server') {
        log.restartServer();
        await log.commit(104, [created('t9', 'elsewhere')]);
      }
      await log.heartbeat(6);
      expect(await readUpToDate(frames)).toEqual([{ reset: true, changes: ['CREATED t2'] }]);
      await log.commit(110, [created('t3', 'home')]);
      expect(await read(frames, 1)).toMatchObject([{ changes: ['CREATED t3'] }]);
    },
  );

  test('records that come while it is read wait until it is out', async () => {
    const { log, database, watch } = await startFeed();
    const frames = await watch('ada', user);
    await log.heartbeat(5);
    const answer = database.holdAnswers();
    await log.commit(101, [joined('eve', 'home')]);
    await log.commit(102, [renamed('bob')]);
    answer();
    expect(await read(frames, 3)).toMatchObject([{ reset: true }, { reset: true }, { changes: ['UPDATED bob'] }]);
  });
});

test('a client that takes its snapshot slowly gives way to the next one, and is told so, with the cursor to go on from', async () => {
  const { database, watch } = await startFeed({ frame: { maxChanges: 1, maxBytes: 1e6 } });
  database.state.rows = rows(...Array.from({ length: 30 }, (_, index) => [`t${index}`, 'home'] as const));
  database.state.pageRows = 1;
  database.state.memory = createSnapshotMemory({ maxBytes: 8_000, patienceMs: 0 });
  const slow = await watch('ada', task);
  await read(slow, 1);
  const next = await watch('bob', task);
  expect((await read(next, 30)).at(-1)).toMatchObject({ upToDate: true });
  const told = await raw(slow, 30);
  expect(told.length).toBeLessThan(12);
  expect(told.some((event) => 'frame' in event && event.frame.upToDate)).toBe(false);
  const [last, end] = told.slice(-2);
  const cursor = last !== undefined && 'frame' in last ? last.frame.cursor : '';
  expect(end).toMatchObject({ error: { extensions: { code: 'SLOW_CONSUMER', cursor } } });
});

test('a client that takes nothing of its snapshot is told so in the end, with the cursor to go on from', async () => {
  const { database, watch } = await startFeed({ frame: { maxChanges: 1, maxBytes: 1e6 } });
  database.state.rows = rows(...Array.from({ length: 30 }, (_, index) => [`t${index}`, 'home'] as const));
  const frames = await watch('ada', task, { backlog: createBacklog({ ...bounds, patienceMs: 50 }) });
  await new Promise((resolve) => setTimeout(resolve, 200));
  const told = await read(frames, 30);
  expect(told.at(-1)).toEqual({ error: 'SLOW_CONSUMER' });
  expect(told.length).toBeLessThan(12);
});
