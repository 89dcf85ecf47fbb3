import { afterEach, describe, expect, test } from '@jest/globals';
import type { JsonRow } from '@sync-hub/stream/change-record';
import type { MemberRow } from '../authority/directory.ts';
import type { Model } from '../model/model.ts';
import type { Row } from '../model/row.ts';
import { member } from '../schema/member.ts';
import { task } from '../schema/task.ts';
import { user } from '../schema/user.ts';
import { createCursors } from './cursor.ts';
import { createFeed, type Feed } from './feed.ts';
import { changeOperations } from './frame.ts';
import { createBacklog, type FrameEvent, type FrameQueue } from './frame-queue.ts';
import { createFakeDatabase } from './testing/fake-database.ts';
import { createFakeLog } from './testing/fake-log.ts';

const feeds: Feed[] = [];
afterEach(async () => {
  for (const feed of feeds.splice(0)) await feed.close();
});

describe('a subscription', () => {
  test('opens with one frame without changes, then tells each transaction in one', async () => {
    const { log, follow } = await start();
    const frames = await follow('ada', task);
    await log.commit(101, [created('t1', 'home'), created('t2', 'home')]);
    expect(await read(frames, 2)).toEqual([
      { upToDate: true, changes: [] },
      { upToDate: true, changes: ['CREATED t1', 'CREATED t2'], transactionId: '101' },
    ]);
  });

  test('tells nothing of what its viewer may not see', async () => {
    const { log, follow } = await start();
    const frames = await follow('ada', task);
    await log.commit(101, [created('t1', 'elsewhere')]);
    await log.commit(102, [created('t2', 'home')]);
    expect(await changes(frames, 1)).toEqual([['CREATED t2']]);
  });

  test('tells a row that enters its view as CREATED, one that leaves it as DELETED', async () => {
    const { log, follow } = await start();
    const frames = await follow('ada', task, (row) => row['status'] === 'DOING');
    const todo = row('t1', 'home');
    const doing = { ...todo, status: 'DOING', version: 2 };
    const done = { ...todo, status: 'DONE', version: 3 };
    await log.commit(101, [{ table: 'tasks', key: 't1', before: todo, after: doing }]);
    await log.commit(102, [{ table: 'tasks', key: 't1', before: doing, after: done }]);
    expect(await changes(frames, 2)).toEqual([['CREATED t1'], ['DELETED t1']]);
  });

  test('a task moved to another workspace is DELETED for the one, CREATED for the other', async () => {
    const { log, follow } = await start();
    const ada = await follow('ada', task);
    const eve = await follow('eve', task);
    const before = row('t1', 'home');
    await log.commit(101, [{ table: 'tasks', key: 't1', before, after: { ...before, workspace_id: 'elsewhere' } }]);
    expect(await changes(ada, 1)).toEqual([['DELETED t1']]);
    expect(await changes(eve, 1)).toEqual([['CREATED t1']]);
  });

  test("the author's own session hears the end of its write, also where nothing of it matches", async () => {
    const { log, follow } = await start();
    const ada = await follow('ada', task, () => false);
    const bob = await follow('bob', task, () => false);
    await log.commit(101, [created('t1', 'home')], { actor: 'ada', actorSession: 'session-of-ada', mutationId: 'm1' });
    await log.commit(102, [created('t2', 'home')], { actor: 'bob', actorSession: 'session-of-bob' });
    expect(await read(ada, 2)).toMatchObject([{ changes: [] }, { changes: [], transactionId: '101' }]);
    expect(await read(bob, 2)).toMatchObject([{ changes: [] }, { changes: [], transactionId: '102' }]);
  });
});

describe('where a subscription starts', () => {
  test('what its snapshot has seen is not told again, however late the log brings it', async () => {
    const { log, database, follow } = await start();
    database.state.snapshot = '101:103:101';
    const frames = await follow('ada', task);
    await log.commit(102, [created('seen', 'home')]);
    await log.commit(101, [created('running', 'home')]);
    await log.commit(103, [created('later', 'home')]);
    expect(await changes(frames, 2)).toEqual([['CREATED running'], ['CREATED later']]);
  });

  test('what passes while the snapshot is being taken is told afterwards', async () => {
    const { log, database, followSoon } = await start();
    const answer = database.holdAnswers();
    const following = followSoon('ada', task);
    await log.commit(101, [created('t1', 'home')]);
    await log.heartbeat(5);
    await log.commit(102, [created('t2', 'home')]);
    answer();
    const frames = await following;
    await log.commit(103, [created('t3', 'home')]);
    expect(await changes(frames, 3)).toEqual([['CREATED t1'], ['CREATED t2'], ['CREATED t3']]);
  });

  test('the filter holds until a record of batch b + 3, not shorter', async () => {
    const { log, database, follow } = await start();
    database.state.snapshot = '105:105:';
    const frames = await follow('ada', task);
    await log.commit(101, [created('b+1', 'home')]);
    await log.commit(102, [created('b+2', 'home')]);
    await log.commit(110, [created('after', 'home')]);
    expect(await changes(frames, 1)).toEqual([['CREATED after']]);
  });

  test('a new relay session while it settles ends it only when the server has crashed', async () => {
    const { log, database, follow } = await start();
    const calm = await follow('ada', task);
    log.newRelaySession();
    await log.commit(101, [created('t1', 'home')]);
    await log.commit(102, [created('t2', 'home')]);
    expect(await changes(calm, 2)).toEqual([['CREATED t1'], ['CREATED t2']]);

    await log.heartbeat(5);
    const crashed = await follow('ada', task);
    database.state.crashed = true;
    log.newRelaySession();
    await log.commit(103, [created('t3', 'home')]);
    expect(await read(crashed, 2)).toEqual([{ upToDate: true, changes: [] }, { error: 'CURSOR_EXPIRED' }]);
  });
});

describe("a viewer's authority moves with the log", () => {
  test.each([0, 5])('whoever is removed sees nothing more (%i heartbeats after the start)', async (beats) => {
    const { log, follow } = await start();
    const frames = await follow('bob', task);
    await log.heartbeat(beats);
    await log.commit(101, [created('t1', 'home')]);
    await log.commit(102, [left('bob', 'home')]);
    await log.commit(103, [created('t2', 'home')]);
    await log.commit(104, [joined('bob', 'home')]);
    await log.commit(105, [created('t3', 'home')]);
    expect(await changes(frames, 2)).toEqual([['CREATED t1'], ['CREATED t3']]);
  });

  test.each([0, 5])('its own removal is the last that a member is told (%i heartbeats after the start)', async (beats) => {
    const { log, follow } = await start();
    const frames = await follow('bob', member);
    await log.heartbeat(beats);
    await log.commit(101, [left('bob', 'home')]);
    await log.commit(102, [joined('eve', 'home')]);
    await log.commit(103, [joined('bob', 'home')]);
    expect(await changes(frames, 2)).toEqual([['DELETED member-bob-home'], ['CREATED member-bob-home']]);
  });

  test.each([0, 5])('a transaction is judged whole: a workspace, its member, its task (%i heartbeats)', async (beats) => {
    const { log, follow } = await start();
    const frames = await follow('bob', task);
    await log.heartbeat(beats);
    await log.commit(101, [created('t1', 'new'), joined('bob', 'new'), created('t2', 'new')]);
    const t1 = row('t1', 'new');
    await log.commit(102, [left('bob', 'new'), { table: 'tasks', key: 't1', before: t1, after: null }]);
    expect(await changes(frames, 2)).toEqual([['CREATED t1', 'CREATED t2'], ['DELETED t1']]);
  });

  test('a subscription that asks for one workspace ends with FORBIDDEN when that is lost', async () => {
    const { log, follow } = await start();
    for (const beats of [0, 5]) {
      const frames = await follow('bob', task, undefined, 'home');
      await log.heartbeat(beats);
      await log.commit(101 + beats * 2, [left('bob', 'home')]);
      await log.commit(102 + beats * 2, [joined('bob', 'home')]);
      expect(await read(frames, 2)).toEqual([{ upToDate: true, changes: [] }, { error: 'FORBIDDEN' }]);
    }
  });

  test.each([0, 5])('who joins a workspace becomes visible, without e-mail and role (%i heartbeats)', async (beats) => {
    const { log, follow } = await start();
    const frames = await follow('ada', user);
    await log.heartbeat(beats);
    await log.commit(101, [renamed('eve')]);
    await log.commit(102, [joined('eve', 'home')]);
    await log.commit(103, [renamed('eve')]);
    expect(await read(frames, 2)).toMatchObject([
      { changes: [] },
      { changes: ['UPDATED eve'], rows: [{ email: null, role: null, name: 'renamed' }], transactionId: '103' },
    ]);
  });

  test('whoever joins a workspace while settling sees those who were in it before', async () => {
    const { log, follow } = await start();
    const frames = await follow('ada', user);
    await log.commit(101, [joined('ada', 'elsewhere')]);
    await log.commit(102, [renamed('eve')]);
    expect(await changes(frames, 1)).toEqual([['UPDATED eve']]);
  });

  test('a revoked session ends its subscriptions, and no others', async () => {
    const { log, follow, ended } = await start();
    const ada = await follow('ada', task);
    const bob = await follow('bob', task);
    const session = { id: 'session-of-ada', version: 1, user_id: 'ada', revoked_at: null };
    const after = { ...session, revoked_at: '2026-11-23T00:00:00+00:00' };
    await log.commit(101, [{ table: 'sessions', key: 'session-of-ada', before: session, after }]);
    await log.commit(102, [created('t1', 'home')]);
    expect(await read(ada, 2)).toEqual([{ upToDate: true, changes: [] }, { error: 'SESSION_REVOKED' }]);
    expect(await changes(bob, 1)).toEqual([['CREATED t1']]);
    expect(ended).toEqual(['session-of-ada']);
  });

  test('a session that was dead in the snapshot is given no subscription', async () => {
    const { database, followSoon } = await start();
    database.state.liveSessionIds = [];
    await expect(followSoon('ada', task)).rejects.toMatchObject({ extensions: { code: 'SESSION_REVOKED' } });
  });
});

describe('a log that cannot be continued', () => {
  test.each<[string, (log: Awaited<ReturnType<typeof start>>['log']) => unknown]>([
    ['a gap', (log) => log.gap()],
    ['another epoch', (log) => (log.newEpoch(), log.heartbeat())],
    ['its table truncated', (log) => log.raw(101, 'tasks', 'truncate')],
    ['a change of its table lost', (log) => log.raw(101, 'tasks', 'lost')],
    ['memberships that are not known', (log) => log.raw(101, 'members', 'lost')],
  ])('%s ends the subscription with CURSOR_EXPIRED, never in silence', async (_, interrupt) => {
    const { log, follow } = await start();
    const frames = await follow('ada', task);
    await interrupt(log);
    expect(await read(frames, 2)).toEqual([{ upToDate: true, changes: [] }, { error: 'CURSOR_EXPIRED' }]);
  });

  test('what concerns another table is passed by', async () => {
    const { log, follow } = await start();
    const frames = await follow('ada', task);
    await log.raw(101, 'comments', 'truncate');
    await log.commit(102, [created('t1', 'home')]);
    expect(await changes(frames, 1)).toEqual([['CREATED t1']]);
  });

  test('the feed is ready again at the next whole transaction, and not before', async () => {
    const { log, feed, follow, followSoon } = await start();
    log.gap();
    await expect(followSoon('ada', task)).rejects.toMatchObject({ extensions: { code: 'UNAVAILABLE' } });
    await log.heartbeat(2);
    expect(feed.isReady).toBe(true);
    const frames = await follow('ada', task);
    await log.commit(101, [created('t1', 'home')]);
    expect(await changes(frames, 1)).toEqual([['CREATED t1']]);
  });
});

test('a transaction over the frame bound is cut: its last frame alone is upToDate, cursors count what was sent', async () => {
  const { log, follow, cursors } = await start({ maxChanges: 2, maxBytes: 1e6 });
  const frames = await follow('ada', task);
  await log.commit(101, ['a', 'b', 'c', 'd', 'e'].map((key) => created(key, 'home')));
  const events = await raw(frames, 4);
  const cut = events.slice(1).map((event) => {
    if ('error' in event) throw event.error;
    const { position, sentOfNext } = cursors.read(event.frame.cursor);
    return [event.frame.changes.length, event.frame.upToDate, position.seq, sentOfNext];
  });
  const [opening] = events;
  const before = opening !== undefined && 'frame' in opening ? cursors.read(opening.frame.cursor).position.seq : 0;
  expect(cut).toEqual([
    [2, false, before, 2],
    [2, false, before, 4],
    [1, true, before + 5, 0],
  ]);
});

test('a client that does not read is ended with SLOW_CONSUMER, after what it may still read', async () => {
  const { log, follow } = await start();
  const frames = await follow('ada', task);
  for (let xid = 101; xid < 120; xid += 1) await log.commit(xid, [created(`t${xid}`, 'home')]);
  const told = await raw(frames, 11);
  expect(told.at(-1)).toMatchObject({ error: { extensions: { code: 'SLOW_CONSUMER' } } });
  expect((await frames.next()).done).toBe(true);
});

async function start(frame = { maxChanges: 500, maxBytes: 1e6 }) {
  const log = createFakeLog();
  const database = createFakeDatabase(log);
  database.state.members = [memberRow('ada', 'home'), memberRow('bob', 'home'), memberRow('eve', 'elsewhere')];
  const cursors = createCursors('a secret for tests of the feed, long enough');
  const ended: string[] = [];
  const silent = () => {};
  const feed = createFeed({
    stream: log.stream,
    startPoints: database.startPoints,
    cursors,
    readClaimed: async () => null,
    onSessionEnded: (sessionId) => ended.push(sessionId),
    settings: { frame, progressMs: 30_000 },
    log: { info: silent, warn: silent, error: silent },
  });
  feeds.push(feed);
  await feed.start();
  await log.heartbeat(6);
  const followSoon = (viewerId: string, model: Model, matches: (row: Row) => boolean = () => true, workspaceId: string | null = null) =>
    feed.follow(
      {
        view: { model, matches, operations: new Set(changeOperations) },
        viewerId,
        sessionId: `session-of-${viewerId}`,
        question: 'q',
        workspaceId,
      },
      createBacklog({ maxFrames: 10, maxBytes: 1e6 }),
    );
  return { log, database, feed, cursors, ended, followSoon, follow: followSoon };
}

async function raw(frames: FrameQueue, count: number): Promise<FrameEvent[]> {
  const events: FrameEvent[] = [];
  while (events.length < count) {
    const { value } = await frames.next();
    if (value === undefined) break;
    events.push(value);
  }
  return events;
}

async function read(frames: FrameQueue, count: number) {
  return (await raw(frames, count)).map((event) => {
    if ('error' in event) return { error: event.error.extensions['code'] };
    const { upToDate, transaction, changes: told } = event.frame;
    const rows = told.map((change) => change.row);
    return {
      upToDate,
      changes: told.map(({ operation, key }) => `${operation} ${key}`),
      ...(transaction === null ? {} : { transactionId: transaction.transactionId }),
      ...(rows.some((one) => one?.__typename === 'User') ? { rows } : {}),
    };
  });
}

/** The changes of the next frames after the opening one. */
async function changes(frames: FrameQueue, count: number) {
  const told = await read(frames, count + 1);
  return told.slice(1).map((frame) => ('changes' in frame ? frame.changes : frame));
}

function row(key: string, workspaceId: string): JsonRow {
  return { id: key, version: 1, created_at: at, updated_at: at, workspace_id: workspaceId, title: key, status: 'TODO' };
}
const at = '2026-11-23T00:00:00+00:00';

function created(key: string, workspaceId: string) {
  return { table: 'tasks', key, before: null, after: row(key, workspaceId) };
}

function memberRow(userId: string, workspaceId: string): MemberRow {
  return { id: `member-${userId}-${workspaceId}`, version: 1, workspace_id: workspaceId, user_id: userId, role: 'EDITOR' };
}

function joined(userId: string, workspaceId: string) {
  const after = { ...memberRow(userId, workspaceId) };
  return { table: 'members', key: after.id, before: null, after };
}

function left(userId: string, workspaceId: string) {
  const before = { ...memberRow(userId, workspaceId) };
  return { table: 'members', key: before.id, before, after: null };
}

function renamed(userId: string) {
  const before = { id: userId, version: 1, created_at: at, updated_at: at, email: 'e', name: userId, color: '#000000', role: 'MEMBER' };
  return { table: 'users', key: userId, before, after: { ...before, version: 2, name: 'renamed' } };
}
