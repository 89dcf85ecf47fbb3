import { afterEach, expect, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import { createDirectory } from '../authority/directory.ts';
import { rowFromRecord } from '../model/record-row.ts';
import { task } from '../schema/task.ts';
import { startRecheck } from '../server/recheck.ts';
import { created, cursorOf, joined, left, memberRow, raw, read, row, soon, startFeed } from './testing/start-feed.ts';

type Started = Awaited<ReturnType<typeof startFeed>>;

let stop: () => Promise<void> | void = () => {};
afterEach(() => stop());

/** Asks the database again and again who is what, as the API does once a second. Gives how often it has. */
function startRechecking({ database, feed }: Started, graceMs = 10): () => number {
  let asked = 0;
  const running = startRecheck({
    async query() {
      asked += 1;
      const { members, adminIds, liveSessionIds } = database.state;
      return [{ authority: { members, adminIds, liveSessionIds } }] as never;
    },
    sockets: { sessionIds: () => [], closeAll: () => {} },
    feed,
    log: { error: () => {} },
    settings: { everyMs: 20, graceMs, blindMs: 60_000 },
  });
  stop = running.close;
  return () => asked;
}

function nowOf({ database }: Started, viewerId: string) {
  return createDirectory({ members: database.state.members, adminIds: [] }).authorityOf(viewerId);
}

/** A feed for which the log is behind: what becomes of members here, it tells of nothing. */
async function startBehind() {
  const started = await startFeed();
  const others = started.database.state.members.filter(({ user_id }) => user_id !== 'bob');
  return { ...started, others };
}

test('changes of one workspace go on when another one was lost', async () => {
  const started = await startFeed();
  const { log, database, feed, follow } = started;
  database.state.members = [...database.state.members, memberRow('bob', 'elsewhere')];
  const frames = await follow('bob', task, { workspaceId: 'home' });
  await raw(frames, 1);
  database.state.members = database.state.members.filter(({ workspace_id }) => workspace_id === 'home');
  feed.distrust('bob', nowOf(started, 'bob'));
  await log.commit(101, [created('t1', 'home')]);
  expect(await soon(read(frames, 1))).toMatchObject([{ changes: ['CREATED t1'] }]);
});

test('changes of one workspace end with FORBIDDEN when the viewer is no member of it, else with CURSOR_EXPIRED', async () => {
  const started = await startBehind();
  const { database, feed, follow, others } = started;
  const [gone, changed] = [
    await follow('bob', task, { workspaceId: 'home' }),
    await follow('ada', task, { workspaceId: 'home' }),
  ];
  await Promise.all([raw(gone, 1), raw(changed, 1)]);
  database.state.members = [...others.slice(1), { ...memberRow('ada', 'home'), role: 'VIEWER' }];
  for (const viewerId of ['bob', 'ada']) feed.distrust(viewerId, nowOf(started, viewerId));
  expect(await soon(read(gone, 1))).toEqual([{ error: 'FORBIDDEN' }]);
  expect(await soon(read(changed, 1))).toEqual([{ error: 'CURSOR_EXPIRED' }]);
});

test('a loss is told once, however long the log does not tell of it', async () => {
  const started = await startBehind();
  const { database, watch, feed, others } = started;
  const frames = await watch('bob', task);
  await raw(frames, 1);
  const answer = database.holdAnswers();
  const asked = startRechecking(started);
  database.state.members = others;
  await waitFor(() => asked() > 5, { what: 'Postgres to be asked' });
  answer();
  expect(await soon(read(frames, 1))).toMatchObject([{ reset: true, changes: [] }]);
  expect(feed.counters.losses.authority).toBe(1);
});

test('a second loss is told as well, though the log has not told of the first yet', async () => {
  const started = await startBehind();
  const { database, watch, others } = started;
  const asked = startRechecking(started);
  const first = await watch('bob', task);
  await raw(first, 1);
  database.state.members = others;
  expect(await soon(read(first, 1))).toMatchObject([{ reset: true }]);
  database.state.members = [...others, { ...memberRow('bob', 'home'), id: 'again' }];
  database.state.rows = [rowFromRecord(task, row('t1', 'home'))];
  const second = await watch('bob', task);
  expect(await soon(read(second, 1))).toMatchObject([{ changes: ['CREATED t1'] }]);
  database.state.members = others;
  expect(await soon(read(second, 1), 1_000)).toMatchObject([{ reset: true, changes: [] }]);
  expect(asked()).toBeGreaterThan(1);
});

test('whoever is behind hears of a loss that the log has told already', async () => {
  const started = await startFeed();
  const { log, database, follow, feed } = started;
  const after = await cursorOf(await follow('bob', task), 0);
  await log.heartbeat(5);
  for (let xid = 101; xid <= 160; xid += 1) await log.commit(xid, [created(`t${xid}`, 'home')]);
  const frames = await follow('bob', task, { after });
  startRechecking(started);
  await read(frames, 1);
  database.state.members = database.state.members.filter(({ user_id }) => user_id !== 'bob');
  await log.commit(170, [left('bob', 'home')]);
  await waitFor(() => feed.counters.losses.authority > 0, { what: 'the loss to be noticed' });
  const told = await raw(frames, 60);
  // What was in the queue by then may come: at most what one client may leave unread.
  expect(told.length).toBeLessThanOrEqual(12);
  expect(told.at(-1)).toMatchObject({ error: { extensions: { code: 'CURSOR_EXPIRED' } } });
});

test('what was lost and regained while the log was waited for is no loss', async () => {
  const started = await startFeed();
  const { log, database, follow } = started;
  const { members } = database.state;
  const before = await follow('bob', task, { workspaceId: 'home' });
  await raw(before, 1);
  await log.heartbeat(5);
  const asked = startRechecking(started, 300);
  database.state.members = members.filter(({ user_id }) => user_id !== 'bob');
  const times = asked();
  await waitFor(() => asked() > times, { what: 'the loss to be seen' });
  const again = { ...memberRow('bob', 'home'), id: 'another row' };
  database.state.members = [...members.filter(({ user_id }) => user_id !== 'bob'), again];
  database.state.snapshot = '103:103:';
  await log.commit(101, [left('bob', 'home')]);
  await log.commit(102, [{ table: 'members', key: again.id, before: null, after: { ...again } }]);
  expect(await soon(read(before, 1))).toEqual([{ error: 'FORBIDDEN' }]);
  const since = await follow('bob', task, { workspaceId: 'home', question: 'asked since' });
  await raw(since, 1);
  await waitFor(() => asked() > times + 3, { what: 'Postgres to be asked again' });
  await log.commit(103, [created('t1', 'home')]);
  expect(await soon(read(since, 1))).toMatchObject([{ changes: ['CREATED t1'] }]);
});

test('who has yet to begin has lost nothing', async () => {
  const started = await startBehind();
  const { log, database, feed, follow, others } = started;
  database.state.members = others;
  const answer = database.holdAnswers();
  const following = follow('bob', task);
  feed.distrust('bob', nowOf(started, 'bob'));
  answer();
  const frames = await following;
  await raw(frames, 1);
  database.state.members = [...others, memberRow('bob', 'elsewhere')];
  await log.commit(101, [joined('bob', 'elsewhere')]);
  await log.commit(102, [created('t1', 'elsewhere')]);
  expect(await soon(read(frames, 1))).toMatchObject([{ changes: ['CREATED t1'] }]);
});

test('what the log has told meanwhile is not told again', async () => {
  const started = await startFeed();
  const { log, database, watch, feed } = started;
  const frames = await watch('bob', task);
  await log.heartbeat(5);
  await raw(frames, 1);
  database.state.members = database.state.members.filter(({ user_id }) => user_id !== 'bob');
  expect(feed.hasLost('bob', nowOf(started, 'bob'))).toBe(true);
  await log.commit(101, [left('bob', 'home'), joined('eve', 'home')]);
  expect(await soon(read(frames, 1))).toMatchObject([{ reset: true }]);
  feed.distrust('bob', nowOf(started, 'bob'));
  expect(feed.counters.losses.authority).toBe(1);
});
