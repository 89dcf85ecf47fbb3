import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { waitFor } from '@sync-hub/dev/wait-for';
import { TaskChangesDocument, WatchTasksDocument } from '@sync-hub/sdk/generated/graphql';
import { print } from 'graphql';
import { addPerson, createWorld, type World } from './cast.ts';
import { metricOf } from './hub-state.ts';
import { type Person, uuidOf } from './person.ts';
import { errorsOf, openSignedIn, type RawSocket } from './raw-socket.ts';
import { again } from './screen.ts';

/** Small, so that each is met soon; wide where another one is to be met first. */
const limits = {
  FRAME_MAX_CHANGES: '3',
  PROGRESS_SECONDS: '1',
  RING_MAX_BYTES: '64KiB',
  RING_SECONDS: '2',
  SNAPSHOT_MAX_BYTES: '256KiB',
  SNAPSHOT_MAX_CONCURRENT: '1',
  SNAPSHOT_SECONDS: '1',
  SOCKET_HARD_MAX_BYTES: '1MiB',
  SOCKET_MAX_PENDING_BYTES: '1GiB',
  SOCKET_MAX_SUBSCRIPTIONS: '3',
  SUBSCRIPTION_MAX_PENDING_BYTES: '1GiB',
  SUBSCRIPTION_MAX_PENDING_FRAMES: '5',
  TRANSACTION_MAX_BYTES: '2MiB',
};

let hub: Hub;
let ann: Person;
/** Ann's alone. */
let world: World;
let where: { workspaceId: { eq: string } };
/** Ann, over sockets that each test has for itself. */
const anns: Person[] = [];
const sockets: RawSocket[] = [];

beforeAll(async () => {
  hub = await startHub({ env: limits });
  ann = await addPerson(hub.database, hub.urls[0] ?? '', { name: 'Ann' });
}, 60_000);
beforeEach(async () => {
  world = await createWorld(hub.database, [[ann, 'OWNER']], ann);
  where = { workspaceId: { eq: world.Workspace } };
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await Promise.all(anns.splice(0).map((one) => one.leave()));
  await waitFor(async () => (await metric('sockets')) === 0, { what: 'the sockets to be gone' });
});
afterAll(() => hub?.close(), 30_000);

function onNewSocket(): Person {
  const person = again(ann, hub.urls[0] ?? '');
  anns.push(person);
  return person;
}

async function openRaw(): Promise<RawSocket> {
  const socket = await openSignedIn(hub.urls[0] ?? '', ann.accessToken);
  sockets.push(socket);
  return socket;
}

const metric = (name: string) => metricOf(hub.urls[0] ?? '', name);

/** For row `n`, unlike any other row's: what compresses badly. */
const noise = (bytes: number) => `(SELECT string_agg(md5(n || '-' || i), '') FROM generate_series(1, ${bytes / 32}) i)`;

async function insertTasks(count: number, description = `''`): Promise<void> {
  await hub.database.query(
    `INSERT INTO tasks (workspace_id, title, description) SELECT $1::uuid, 'Task ' || n, ${description} FROM generate_series(1, ${count}) n`,
    [uuidOf(world.Workspace)],
  );
}

async function writeLarge(): Promise<void> {
  await hub.database.query(`UPDATE tasks SET description = repeat('x', 200000) WHERE id = $1`, [uuidOf(world.Task)]);
}

describe('a client that stops reading', () => {
  test('is cut off over SOCKET_HARD_MAX_BYTES of answers', async () => {
    await writeLarge();
    const socket = await openRaw();
    socket.stopReading();
    const query = 'query ($where: TaskFilter) { tasks(where: $where) { nodes { description } } }';
    // 40 MB of answers.
    for (let id = 0; id < 200; id += 1)
      socket.send({ id: String(id), type: 'subscribe', payload: { query, variables: { where } } });
    await waitFor(async () => (await metric('sockets')) === 0, { what: 'the socket to be cut', timeoutMs: 20_000 });
    socket.readAgain();
    expect(await socket.closing()).toBe('1006');
  }, 60_000);

  test('is ended over SUBSCRIPTION_MAX_PENDING_FRAMES, with the cursor of the last frame that it was given', async () => {
    const socket = await openRaw();
    socket.send({ id: 'it', type: 'subscribe', payload: { query: print(TaskChangesDocument), variables: { where } } });
    await socket.receive('the opening frame', ({ type }) => type === 'next');
    socket.stopReading();
    for (let written = 0; (await metric('subscriptions')) > 0; written += 1) {
      if (written > 200) throw new Error('40 MB of frames may be left unread');
      await writeLarge();
    }
    socket.readAgain();
    const [error] = errorsOf(await socket.receive('the end', (message) => errorsOf(message).length > 0));
    const cursors = socket.messages.map(({ payload }) => cursorIn(payload)).filter((cursor) => cursor !== undefined);
    expect(error?.extensions).toEqual({ code: 'SLOW_CONSUMER', cursor: cursors.at(-1) });
  }, 60_000);

  const cursorIn = (payload: unknown) =>
    (payload as { data?: { taskChanges?: { cursor?: string } } } | undefined)?.data?.taskChanges?.cursor;
});

test('a socket has no more subscriptions than SOCKET_MAX_SUBSCRIPTIONS', async () => {
  const person = onNewSocket();
  const follow = () => person.follow(TaskChangesDocument, 'taskChanges', { where });
  const followings = [await follow(), await follow(), await follow(), await follow()];
  expect(followings.map(({ codes }) => codes)).toEqual([[], [], [], ['TOO_MANY_SUBSCRIPTIONS']]);
});

describe('a subscription', () => {
  test('is given frames of FRAME_MAX_CHANGES at most', async () => {
    const following = await onNewSocket().follow(TaskChangesDocument, 'taskChanges', { where });
    await insertTasks(7);
    const sizes = () => following.frames.map(({ changes }) => changes.length).filter((size) => size > 0);
    await waitFor(() => sizes().length === 3, { what: 'three frames' });
    expect(sizes()).toEqual([3, 3, 1]);
  });

  test('without changes is given a frame after PROGRESS_SECONDS', async () => {
    const following = await onNewSocket().follow(TaskChangesDocument, 'taskChanges', { where });
    const [progress] = await following.take(1);
    expect([progress?.changes, progress?.upToDate]).toEqual([[], true]);
    expect(progress?.cursor).not.toBe(following.opening.cursor);
  });

  test('cannot go on after a transaction over TRANSACTION_MAX_BYTES', async () => {
    const following = await onNewSocket().follow(TaskChangesDocument, 'taskChanges', { where });
    await insertTasks(150, noise(20_000));
    await waitFor(() => following.ended || following.codes.length > 0, { what: 'the end' });
    expect(following.codes).toEqual(['CURSOR_EXPIRED']);
  });
});

describe('a snapshot', () => {
  test('over SNAPSHOT_MAX_BYTES is QUERY_TOO_COMPLEX', async () => {
    await insertTasks(40, noise(20_000));
    const { codes } = await onNewSocket().follow(WatchTasksDocument, 'watchTasks', { where });
    expect(codes).toEqual(['QUERY_TOO_COMPLEX']);
  });

  test('that takes longer than SNAPSHOT_SECONDS is UNAVAILABLE; SNAPSHOT_MAX_CONCURRENT are read at the same time', async () => {
    const holder = await hub.database.pool.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('LOCK TABLE tasks');
      let answered = 0;
      const watches = [1, 2, 3].map(async () => {
        const { codes } = await onNewSocket().follow(WatchTasksDocument, 'watchTasks', { where });
        answered += 1;
        return codes;
      });
      let most = 0;
      while (answered < 3) most = Math.max(most, await waitingForLocks());
      expect(await Promise.all(watches)).toEqual([['UNAVAILABLE'], ['UNAVAILABLE'], ['UNAVAILABLE']]);
      expect(most).toBe(1);
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    const { codes } = await onNewSocket().follow(WatchTasksDocument, 'watchTasks', { where });
    expect(codes).toEqual([]);
  });

  async function waitingForLocks(): Promise<number> {
    const [row] = await hub.database.query<{ waiting: number }>(
      `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return row?.waiting ?? 0;
  }
});

describe('memory of the log', () => {
  test('holds RING_MAX_BYTES at most', async () => {
    const following = await onNewSocket().follow(TaskChangesDocument, 'taskChanges', { where });
    await writeLarge();
    await waitFor(() => following.frames.some(({ changes }) => changes.length > 0), { what: 'the change to be told' });
    expect(await metric('ring_bytes')).toBeLessThanOrEqual(64 * 2 ** 10);
  });

  test('holds what is younger than RING_SECONDS', async () => {
    const passed = await metric('log_transactions_total');
    await waitFor(async () => (await metric('log_transactions_total')) >= passed + 7, { what: 'seven heartbeats' });
    await waitFor(async () => (await metric('ring_transactions')) <= 4, { what: 'the old ones to be let go' });
  });
});
