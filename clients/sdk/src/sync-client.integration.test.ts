import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { waitFor } from '@sync-hub/dev/wait-for';
import WebSocket from 'ws';
import {
  CreateTaskDocument,
  CreateWorkspaceDocument,
  DeleteTaskDocument,
  RevokeSessionDocument,
  SessionsDocument,
  TaskChangesDocument,
  type TaskChangesSubscription,
  TasksDocument,
  WatchTasksDocument,
} from './generated/graphql.ts';
import { payloadOf } from './payload.ts';
import { createSession, type Tokens } from './session.ts';
import { createSyncClient, type SyncClient } from './sync-client.ts';
import type { SyncError } from './sync-error.ts';
import { withExpiry } from './testing/expiring-token.ts';
import { type Front, startFront } from './testing/front.ts';

const password = 'correct horse battery staple';
let hub: Hub;
/** Between the clients and the hub: a network that can fail. */
let front: Front;
const clients: SyncClient[] = [];

beforeAll(async () => {
  hub = await startHub();
  front = await startFront({ api: hub.urls[0] ?? '' });
}, 60_000);
afterAll(async () => {
  await front?.close();
  await hub?.close();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

interface Person {
  readonly client: SyncClient;
  readonly email: string;
  readonly session: ReturnType<typeof createSession>;
  tokens: Tokens | null;
}

/** Someone with a session: a new account's, or that of earlier tokens. */
async function person({ tokens = null }: { tokens?: Tokens | null } = {}): Promise<Person> {
  const email = `${crypto.randomUUID()}@example.com`;
  const url = front.graphqlUrl;
  const session = createSession({
    url,
    tokens,
    onTokens: (next) => {
      someone.tokens = next;
    },
  });
  const client = createSyncClient({ url, getToken: session.getToken, webSocket: WebSocket });
  clients.push(client);
  const someone: Person = { client, email, session, tokens };
  if (tokens === null) await session.signUp({ email, name: 'Ada', password });
  return someone;
}

async function createWorkspace({ client }: Person): Promise<string> {
  const { createWorkspace } = await client.request(CreateWorkspaceDocument, { input: { name: 'Engines' } });
  return payloadOf(createWorkspace).workspace.id;
}

async function createTask({ client }: Person, workspaceId: string, title: string) {
  const { createTask } = await client.request(CreateTaskDocument, { input: { workspaceId, title } });
  return payloadOf(createTask).task;
}

/** What a screen would show: read whenever a subscription starts, then moved on by its frames. */
function openScreen({ client }: Person, workspaceId: string) {
  const where = { workspaceId: { eq: workspaceId } };
  const screen = {
    titles: new Map<string, string>(),
    starts: 0,
    breaks: [] as string[],
    ends: [] as SyncError[],
    told: [] as string[],
  };
  client.subscribe(
    TaskChangesDocument,
    { where },
    {
      async started() {
        const { tasks } = await client.request(TasksDocument, { where, first: 100 });
        for (const { id, title } of tasks?.nodes ?? []) screen.titles.set(id, title);
        screen.starts += 1;
      },
      next: ({ taskChanges }: TaskChangesSubscription) => {
        for (const { key, row } of taskChanges.changes) {
          screen.told.push(key);
          if (row === null) screen.titles.delete(key);
          else screen.titles.set(key, row.title);
        }
      },
      interrupted: ({ code }) => screen.breaks.push(code),
      error: (error) => screen.ends.push(error),
    },
  );
  return screen;
}

function shows(screen: ReturnType<typeof openScreen>, ...titles: string[]) {
  return waitFor(() => [...screen.titles.values()].sort().join() === titles.sort().join(), {
    what: `a screen with ${titles.join()}`,
  });
}

function hasStarted(screen: ReturnType<typeof openScreen>, times: number) {
  return waitFor(() => screen.starts === times, { what: `start ${times} of the subscription` });
}

describe('a screen that follows a workspace', () => {
  let ada: Person;
  let workspaceId: string;
  beforeEach(async () => {
    ada = await person();
    workspaceId = await createWorkspace(ada);
  });

  test('shows what was there, what comes and what goes', async () => {
    const there = await createTask(ada, workspaceId, 'there');
    const screen = openScreen(ada, workspaceId);
    await hasStarted(screen, 1);
    await createTask(ada, workspaceId, 'new');
    await shows(screen, 'there', 'new');
    payloadOf((await ada.client.request(DeleteTaskDocument, { input: { id: there.id } })).deleteTask);
    await shows(screen, 'new');
  });

  test('goes on after its socket was cut, and misses nothing that was written meanwhile', async () => {
    const screen = openScreen(ada, workspaceId);
    await hasStarted(screen, 1);
    const goOnline = front.goOffline();
    await hub.database.query(
      `INSERT INTO tasks (id, title, workspace_id, position)
       SELECT gen_random_uuid(), 'while away', id, 'a0' FROM workspaces WHERE id::text = $1`,
      [uuidOf(workspaceId)],
    );
    goOnline();
    await shows(screen, 'while away');
    await createTask(ada, workspaceId, 'and then');
    await shows(screen, 'while away', 'and then');
    expect(screen.breaks).toEqual(['NETWORK']);
    expect(screen.ends).toEqual([]);
    expect(screen.starts).toBe(1);
    expect(screen.told).toHaveLength(2);
  });

  test('goes on when its access token expires, and when it had expired before', async () => {
    const good = ada.tokens as Tokens;
    const accessToken = withExpiry(good.accessToken, new Date(Date.now() + 2_000));
    const returning = await person({ tokens: { ...good, accessToken } });
    const screen = openScreen(returning, workspaceId);
    await hasStarted(screen, 1);
    await waitFor(() => screen.breaks.includes('TOKEN_EXPIRED'), { what: 'the expiry' });
    await createTask(returning, workspaceId, 'after the expiry');
    await shows(screen, 'after the expiry');

    const tokens = { ...(returning.tokens as Tokens), accessToken };
    const later = await person({ tokens });
    const { tasks } = await later.client.request(TasksDocument, { where: { workspaceId: { eq: workspaceId } } });
    expect(tasks?.nodes.map(({ title }) => title)).toEqual(['after the expiry']);
    expect(screen.ends).toEqual([]);
  });

  test('is told each change once, and reads once, though its socket is dropped and the API restarts; a watch holds what the query says', async () => {
    const where = { workspaceId: { eq: workspaceId } };
    const screen = openScreen(ada, workspaceId);
    await hasStarted(screen, 1);
    const watched = { titles: [] as string[], resets: 0, ends: [] as SyncError[] };
    ada.client.watch(
      WatchTasksDocument,
      { where },
      {
        rows: (rows, isUpToDate) => {
          if (isUpToDate) watched.titles = rows.map(({ title }) => title);
        },
        error: (error) => watched.ends.push(error),
      },
    );
    ada.client.subscribe(
      WatchTasksDocument,
      { where },
      {
        next: ({ watchTasks }) => {
          if (watchTasks.reset) watched.resets += 1;
        },
        error: (error) => watched.ends.push(error),
      },
    );
    const isWatched = (...titles: string[]) =>
      waitFor(() => watched.titles.join() === titles.join(), { what: `a watch with ${titles.join()}` });
    await createTask(ada, workspaceId, 'one');
    await isWatched('one');
    front.dropSockets();
    await createTask(ada, workspaceId, 'two');
    await isWatched('one', 'two');
    await hub.restartApi(0);
    await createTask(ada, workspaceId, 'three');
    await isWatched('one', 'two', 'three');
    await shows(screen, 'one', 'two', 'three');

    const { tasks } = await ada.client.request(TasksDocument, { where, first: 100 });
    expect(tasks?.nodes.map(({ title }) => title).sort()).toEqual([...watched.titles].sort());
    expect(screen.told).toHaveLength(3);
    expect(new Set(screen.told).size).toBe(3);
    expect(screen.breaks).toEqual(['NETWORK', 'NETWORK']);
    expect(screen.starts).toBe(1);
    await waitFor(() => watched.resets > 0, { what: 'the second watch' });
    expect(watched.resets).toBe(1);
    expect([...watched.ends, ...screen.ends]).toEqual([]);
  });

  test('ends when the session is revoked, and says that signing in again helps', async () => {
    const screen = openScreen(ada, workspaceId);
    await hasStarted(screen, 1);
    const { sessions } = await ada.client.request(SessionsDocument, {});
    const id = sessions?.[0]?.id ?? '';
    payloadOf((await ada.client.request(RevokeSessionDocument, { input: { id } })).revokeSession);
    await waitFor(() => screen.ends.length === 1, { what: 'the end' });
    expect(screen.ends[0]).toMatchObject({ code: 'SESSION_REVOKED', endsSession: true });
    await expect(ada.client.request(SessionsDocument, {})).rejects.toMatchObject({ code: 'SESSION_REVOKED' });

    await ada.session.signIn({ email: ada.email, password });
    const again = openScreen(ada, workspaceId);
    await hasStarted(again, 1);
  });
});

describe('a request that fails', () => {
  test('throws one kind of error, with the server’s code', async () => {
    const { client, session, email } = await person();
    await expect(client.request(TasksDocument, { first: 1_000_000 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await expect(session.signIn({ email, password: 'wrong' })).rejects.toMatchObject({ code: 'BAD_CREDENTIALS' });
    await session.signOut();
    await expect(client.request(TasksDocument, {})).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('says NETWORK when the server cannot be reached', async () => {
    const { client } = await person();
    const goOnline = front.goOffline();
    await expect(client.request(TasksDocument, {})).rejects.toMatchObject({ code: 'NETWORK', passes: true });
    goOnline();
    await expect(client.request(TasksDocument, {})).resolves.toBeDefined();
  });

  test('by a mistake that the caller can act on carries it in its result', async () => {
    const ada = await person();
    const id = await createWorkspace(await person());
    const { createTask } = await ada.client.request(CreateTaskDocument, { input: { workspaceId: id, title: 'mine' } });
    expect(createTask).toMatchObject({ __typename: 'NotFoundError', code: 'NOT_FOUND' });
    expect(() => payloadOf(createTask)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });
});

/** The database's id of a row, out of its Relay id. */
function uuidOf(id: string): string {
  return Buffer.from(id, 'base64').toString().split(':')[1] ?? '';
}
