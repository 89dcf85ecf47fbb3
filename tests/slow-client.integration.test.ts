import { readFile } from 'node:fs/promises';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { waitFor } from '@sync-hub/dev/wait-for';
import {
  TaskChangesDocument,
  type TaskFrameFieldsFragment,
  TasksDocument,
  WatchTasksDocument,
} from '@sync-hub/sdk/generated/graphql';
import { print } from 'graphql';
import { addPerson, createWorld, type World } from './cast.ts';
import { metricOf } from './hub-state.ts';
import { type Following, type Person, uuidOf } from './person.ts';
import { errorsOf, type Message, openSignedIn, type RawSocket } from './raw-socket.ts';

type Frame = TaskFrameFieldsFragment;

let hub: Hub;
let ann: Person;
let ben: Person;
/** Ann's and Ben's. */
let world: World;
/** Ben follows the one task of `world` that is written meanwhile: he reads as it comes. */
let bens: Following<Frame>;
let written = 0;
const sockets: RawSocket[] = [];

beforeAll(async () => {
  // V8 lets garbage lie for as long as it may: with little memory for it, what is resident is what is needed.
  hub = await startHub({ env: { NODE_OPTIONS: '--max-old-space-size=128' } });
  const [url = ''] = hub.urls;
  [ann, ben] = [
    await addPerson(hub.database, url, { name: 'Ann' }),
    await addPerson(hub.database, url, { name: 'Ben' }),
  ];
  const members = [[ann, 'OWNER'] as const, [ben, 'EDITOR'] as const];
  world = await createWorld(hub.database, members, ann);
  await followAsBen();
}, 60_000);
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});
afterAll(async () => {
  await Promise.all([ann, ben].map((person) => person?.leave()));
  await hub?.close();
}, 30_000);

async function followAsBen(): Promise<void> {
  bens = await ben.follow(TaskChangesDocument, 'taskChanges', { where: { id: { eq: world.Task } } });
}

/** Ann, over a socket of its own. */
async function subscribe<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables) {
  const socket = await openSignedIn(hub.urls[0] ?? '', ann.accessToken);
  sockets.push(socket);
  socket.send({ id: 'it', type: 'subscribe', payload: { query: print(document), variables } });
  return socket;
}

function framesOf(socket: RawSocket): Frame[] {
  return socket.messages.map(frameOf).filter((frame) => frame !== null);
}

function frameOf({ type, payload }: Message): Frame | null {
  const { data } = (payload ?? {}) as { data?: Readonly<Record<string, Frame>> | null };
  return type === 'next' ? (Object.values(data ?? {})[0] ?? null) : null;
}

/** Writes the task once more and waits until Ben has been told, which takes less than 2 s whatever others do. */
async function writeForBen(descriptionLength = 10): Promise<void> {
  written += 1;
  await hub.database.query('UPDATE tasks SET title = $1, description = repeat($2, $3) WHERE id = $4', [
    `Written ${written}`,
    String(written % 10),
    descriptionLength,
    uuidOf(world.Task),
  ]);
  const isTold = () => bens.frames.at(-1)?.changes[0]?.row?.title === `Written ${written}`;
  await waitFor(isTold, { what: `Ben to be told of update ${written} in time`, timeoutMs: 2_000 });
}

const subscriptions = () => metricOf(hub.urls[0] ?? '', 'subscriptions');

describe('a client that stops reading', () => {
  test('is ended with SLOW_CONSUMER and goes on from its cursor without loss, while others are told in time', async () => {
    const where = { id: { eq: world.Task } };
    const slow = await subscribe(TaskChangesDocument, { where });
    await slow.receive('the opening frame', (message) => frameOf(message) !== null);
    slow.stopReading();
    const first = written + 1;
    while ((await subscriptions()) > 1) {
      if (written > 300) throw new Error('the client may leave anything unread');
      await writeForBen(200_000);
    }
    await writeForBen(200_000);
    slow.readAgain();
    const end = await slow.receive('the end', (message) => errorsOf(message).length > 0);
    const [error] = errorsOf(end);
    expect(error?.extensions.code).toBe('SLOW_CONSUMER');
    const before = framesOf(slow);
    expect(error?.extensions.cursor).toBe(before.at(-1)?.cursor);

    const resumed = await subscribe(TaskChangesDocument, { where, after: error?.extensions.cursor ?? null });
    await writeForBen();
    const titles = (frames: Frame[]) => frames.flatMap(({ changes }) => changes.map(({ row }) => row?.title));
    await waitFor(() => titles(framesOf(resumed)).includes(`Written ${written}`), { what: 'all that was missed' });
    const expected = Array.from({ length: written - first + 1 }, (_, index) => `Written ${first + index}`);
    expect([...titles(before), ...titles(framesOf(resumed))]).toEqual(expected);
  }, 60_000);
});

describe('a watch of 100,000 rows', () => {
  const rows = 100_000;
  let where: { workspaceId: { eq: string } };

  beforeAll(async () => {
    const large = await createWorld(hub.database, [[ann, 'OWNER']], ann);
    where = { workspaceId: { eq: large.Workspace } };
    // Not through the log, which would leave its mark on the memory that is measured here.
    await hub.database.query(`SELECT sync.untrack('tasks')`);
    await hub.database.query(
      `INSERT INTO tasks (workspace_id, title, description)
       SELECT $1::uuid, 'Row ' || n, repeat('text ', 20) FROM generate_series(2, $2) n`,
      [uuidOf(large.Workspace), rows],
    );
    await hub.database.query(`SELECT sync.track('tasks', 'workspace_id')`);
    await hub.database.query('ANALYZE tasks');
  }, 60_000);

  /** Counts the rows of a snapshot as it comes, and keeps none. */
  async function untilWhole(socket: RawSocket): Promise<number> {
    await waitFor(() => framesOf(socket).at(-1)?.upToDate, { what: 'the whole snapshot', timeoutMs: 60_000 });
    return new Set(framesOf(socket).flatMap(({ changes }) => changes.map(({ key }) => key))).size;
  }

  /** Of the API, older than any query of one row. */
  async function openTransactions(): Promise<unknown[]> {
    return hub.database.query(
      `SELECT state, query FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'sync-hub api' AND xact_start < now() - interval '0.5 s'`,
    );
  }

  test('holds no transaction open and no connection for a client that stops reading, and goes on when it reads again', async () => {
    const slow = await subscribe(WatchTasksDocument, { where });
    slow.stopReading();
    await waitFor(async () => (await openTransactions()).length > 0, { what: 'the snapshot to be read' });
    await waitFor(async () => (await openTransactions()).length === 0, {
      what: 'the transaction to end',
      timeoutMs: 15_000,
    });
    const asked = Date.now();
    const { tasks } = await ann.request(TasksDocument, { where, first: 1 });
    expect(tasks?.nodes).toHaveLength(1);
    expect(Date.now() - asked).toBeLessThan(1_000);
    await writeForBen();
    expect(framesOf(slow)).toHaveLength(0);
    slow.readAgain();
    expect(await untilWhole(slow)).toBe(rows);
  }, 90_000);

  test('needs less than 64 MB of memory more than one before it (of a heap of 128 MB), while others are told in time', async () => {
    // A process that has done nothing yet: what others have left in memory would hide what this one takes.
    await hub.restartApi(0);
    await followAsBen();
    const warmUp = await subscribe(WatchTasksDocument, { where });
    await untilWhole(warmUp);
    warmUp.close();
    await waitFor(async () => (await subscriptions()) === 1, { what: 'the first one to be over' });
    const before = await residentMegabytes();
    let most = before;
    const sampling = setInterval(async () => {
      most = Math.max(most, await residentMegabytes());
    }, 20);
    try {
      const measured = await subscribe(WatchTasksDocument, { where });
      let isWhole = false;
      const whole = untilWhole(measured).finally(() => {
        isWhole = true;
      });
      while (!isWhole) await writeForBen();
      expect(await whole).toBe(rows);
    } finally {
      clearInterval(sampling);
    }
    expect(most - before).toBeLessThan(64);
  }, 120_000);
});

async function residentMegabytes(): Promise<number> {
  const status = await readFile(`/proc/${hub.apis[0]?.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024;
}
