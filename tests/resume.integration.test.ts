import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { describeWithKafka } from '@sync-hub/dev/test-kafka';
import { waitFor } from '@sync-hub/dev/wait-for';
import { TaskChangesDocument, type TaskFrameFieldsFragment, WatchTasksDocument } from '@sync-hub/sdk/generated/graphql';
import { addPerson, createWorld } from './cast.ts';
import { type Following, type Person, uuidOf } from './person.ts';
import { again, screenOf, untilShown } from './screen.ts';

type Frame = TaskFrameFieldsFragment;
type Way = (typeof ways)[number];

const ways = ['watchTasks', 'taskChanges'] as const;

describe('coming back on the Postgres stream', () => tellComingBack([], true));
describe('coming back on the Postgres stream, where memory holds nothing', () => tellComingBack([], false));
describeWithKafka('coming back on Kafka', (brokers) => tellComingBack(brokers, true));
describeWithKafka('coming back on Kafka, where memory holds nothing', (brokers) => tellComingBack(brokers, false));

/** Each test has a person and a workspace of its own. Without a ring all that was missed has to come from the stream. */
function tellComingBack(kafkaBrokers: readonly string[], hasRing: boolean) {
  let hub: Hub;
  let home: string;
  let ann: Person;
  /** Ann, over one socket after the other. */
  let anns: Person[] = [];

  beforeAll(async () => {
    hub = await startHub({ apis: 2, kafkaBrokers, env: hasRing ? {} : { RING_MAX_BYTES: '1' } });
  }, 60_000);
  afterAll(() => hub?.close(), 30_000);

  beforeEach(async () => {
    ann = await addPerson(hub.database, hub.urls[0] ?? '', { name: 'Ann' });
    anns = [ann];
    home = uuidOf((await createWorld(hub.database, [[ann, 'OWNER']], ann)).Workspace);
  });
  afterEach(() => Promise.all(anns.map((one) => one.leave())));

  /** From a socket of its own to one of the APIs, as every device of hers has. */
  async function follow(api: number, way: Way, after: string | null = null): Promise<Following<Frame>> {
    const socket = again(ann, hub.urls[api] ?? '');
    anns.push(socket);
    if (way === 'watchTasks') return socket.follow(WatchTasksDocument, 'watchTasks', { after });
    return socket.follow(TaskChangesDocument, 'taskChanges', { after });
  }

  async function dropSockets(): Promise<void> {
    await Promise.all(anns.map((one) => one.leave()));
  }

  /** One transaction. */
  async function createTask(title: string): Promise<void> {
    await hub.database.query('INSERT INTO tasks (workspace_id, title) VALUES ($1, $2)', [home, title]);
  }

  /** 300 transactions. @returns what is to be told of them, each in a frame of its own. */
  async function write300(): Promise<string[]> {
    const told: string[] = [];
    for (let n = 1; n <= 100; n += 1) {
      await createTask(`Missed ${n}`);
      await hub.database.query('UPDATE tasks SET title = $2 WHERE title = $1', [`Missed ${n}`, `Changed ${n}`]);
      if (n > 1) await hub.database.query('DELETE FROM tasks WHERE title = $1', [`Changed ${n - 1}`]);
      else await createTask('Where there is nothing to delete yet');
      told.push(`CREATED Missed ${n}`, `UPDATED Changed ${n}`);
      told.push(n > 1 ? `DELETED Changed ${n - 1}` : 'CREATED Where there is nothing to delete yet');
    }
    return told;
  }

  async function tasksInDatabase(): Promise<string[]> {
    const rows = await hub.database.query<{ title: string }>('SELECT title FROM tasks WHERE workspace_id = $1', [home]);
    return rows.map(({ title }) => title).sort();
  }

  /** Two of hers, past what their beginning has to be compared with, and told of one task. */
  async function followBoth(api: number) {
    const followings = await Promise.all(ways.map((way) => follow(api, way)));
    await createTask('Before the socket was dropped');
    const marked = await Promise.all(followings.map((one) => untilTold(one, 'CREATED Before the socket was dropped')));
    return ways.map((way, index) => ({ way, before: marked[index] ?? [] }));
  }

  /** Waits until the API has read this in the log: what comes back later misses it. */
  async function untilRead(api: number, since: string | undefined, change: string): Promise<void> {
    const witness = await follow(api, 'taskChanges', since);
    await untilTold(witness, change);
    witness.stop();
  }

  /** Resumes both, and expects that each is told what it missed and what comes next, and nothing besides. */
  async function expectExactly(missed: string[], api: number, followed: Awaited<ReturnType<typeof followBoth>>) {
    const sinceThen = followed.find(({ way }) => way === 'taskChanges')?.before.at(-1)?.cursor;
    await untilRead(api, sinceThen, missed.at(-1) ?? '');
    const resumed = await Promise.all(
      followed.map(async ({ way, before }) => ({ before, following: await follow(api, way, before.at(-1)?.cursor) })),
    );
    await createTask('Next');
    const expected = await tasksInDatabase();
    for (const { before, following } of resumed) {
      const frames = await untilTold(following, 'CREATED Next');
      expect(frames.flatMap(summary)).toEqual([...missed, 'CREATED Next']);
      expect(frames.filter(({ transaction }) => transaction !== null)).toHaveLength(missed.length + 1);
      expect(frames.some(({ reset }) => reset)).toBe(false);
      // What is still to come when it comes back is never shown as all there is.
      expect(frames.slice(0, missed.length - 1).some(({ upToDate }) => upToDate)).toBe(false);
      expect(following.codes).toEqual([]);
      if (!before.some(({ reset }) => reset)) continue;
      const titles = [...screenOf([...before, ...frames]).rows.values()].map(({ title }) => title);
      expect(titles.sort()).toEqual(expected);
    }
  }

  test('to another API one is told exactly what was missed, once, in order, then that one is up to date', async () => {
    const followed = await followBoth(0);
    await dropSockets();
    await expectExactly(await write300(), 1, followed);
  });

  test.each(ways)('%s: a transaction of 1,200 rows comes in frames, and goes on from the middle of it', async (way) => {
    const following = await follow(0, way);
    await hub.database.query(
      `INSERT INTO tasks (workspace_id, title) SELECT $1::uuid, 'Row ' || n FROM generate_series(1, 1200) n`,
      [home],
    );
    const isOfIt = ({ transaction }: Frame) => transaction !== null;
    const frames = await waitFor(
      () => {
        const pieces = following.frames.filter(isOfIt);
        return pieces.at(-1)?.upToDate && keysOf(pieces).length === 1_200 ? pieces : null;
      },
      { what: 'the whole transaction' },
    );
    expect(frames.length).toBeGreaterThan(2);
    expect(frames.slice(0, -1).some(({ upToDate }) => upToDate)).toBe(false);
    await dropSockets();
    for (const [index, { cursor }] of frames.slice(0, -1).entries()) {
      const rest = frames.slice(index + 1);
      const resumed = await follow(1, way, cursor);
      const told = await untilTold(resumed, 'CREATED Row 1200');
      expect(keysOf(told)).toEqual(keysOf(rest));
      expect(new Set(told.filter(isOfIt).map(({ transaction }) => transaction?.transactionId))).toEqual(
        new Set([rest[0]?.transaction?.transactionId]),
      );
      resumed.stop();
    }
  });

  test('a watch dropped right after its snapshot goes on without going back in time: what that saw is not told again, what was in flight is', async () => {
    await createTask('Seen');
    const inFlight = await hub.database.pool.connect();
    try {
      await inFlight.query('BEGIN');
      await inFlight.query(`INSERT INTO tasks (workspace_id, title) VALUES ($1, 'In flight')`, [home]);
      await createTask('Seen, too');
      const watch = await follow(0, 'watchTasks');
      const { rows, frames } = await untilShown(watch, 'what was committed', () => true);
      expect([...rows.values()].map(({ title }) => title).sort()).toEqual(['Seen', 'Seen, too', 'Task']);
      await dropSockets();
      await inFlight.query('COMMIT');
      const resumed = await follow(1, 'watchTasks', frames.at(-1)?.cursor);
      await createTask('Next');
      const told = await untilTold(resumed, 'CREATED Next');
      expect(told.flatMap(summary)).toEqual(['CREATED In flight', 'CREATED Next']);
      expect(told.some(({ reset }) => reset)).toBe(false);
    } finally {
      inFlight.release();
    }
  });

  if (!hasRing) return;

  test('when all is quiet after what was missed, one is told that nothing follows', async () => {
    const followed = await followBoth(0);
    await dropSockets();
    await createTask('The only one');
    for (const { way, before } of followed) {
      const following = await follow(1, way, before.at(-1)?.cursor);
      const frames = await untilTold(following, 'CREATED The only one');
      expect(frames.at(-1)?.upToDate).toBe(true);
      const quiet = await follow(0, way, frames.at(-1)?.cursor);
      expect(quiet.opening).toMatchObject({ reset: false, upToDate: true, transaction: null, changes: [] });
    }
  });

  test('after kill -9 and restart of the API that one followed, all the same', async () => {
    const followed = await followBoth(0);
    const restarted = hub.restartApi(0, 'SIGKILL');
    const missed = await write300();
    await restarted;
    await expectExactly(missed, 0, followed);
  }, 60_000);

  test('after kill -9 and restart of the listener, all the same', async () => {
    const followed = await followBoth(0);
    await dropSockets();
    const restarted = hub.restartListener('SIGKILL');
    const missed = await write300();
    await restarted;
    await expectExactly(missed, 1, followed);
  }, 60_000);
}

/** Waits for this change in an up-to-date frame, or one after it. @returns all frames so far. */
function untilTold(following: Following<Frame>, change: string): Promise<readonly Frame[]> {
  return waitFor(
    () => {
      const frames = [following.opening, ...following.frames];
      return frames.at(-1)?.upToDate && frames.flatMap(summary).includes(change) ? frames : null;
    },
    { what: `${change}; ${following.codes.join()}`, timeoutMs: 20_000 },
  );
}

function summary({ changes }: Frame): string[] {
  return changes.map(({ operation, row, previous }) => `${operation} ${(row ?? previous)?.title}`);
}

function keysOf(frames: readonly Frame[]): string[] {
  return frames.flatMap(({ changes }) => changes.map(({ key }) => key));
}
