import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { waitFor } from '@sync-hub/dev/wait-for';
import pg from 'pg';
import { addPerson, createWorld, type World } from './cast.ts';
import { metricOf } from './hub-state.ts';
import { type Person, uuidOf } from './person.ts';
import { errorsOf, type Message, openSignedIn, type RawSocket } from './raw-socket.ts';

let hub: Hub;
let url: string;
let people: Record<'ada' | 'bob' | 'cay', Person>;
let world: World;
const open: RawSocket[] = [];

beforeAll(async () => {
  hub = await startHub();
  url = hub.urls[0] ?? '';
  const [ada, bob, cay] = await Promise.all(
    ['Ada', 'Bob', 'Cay'].map((name) => addPerson(hub.database, url, { name })),
  );
  if (ada === undefined || bob === undefined || cay === undefined) throw new Error('nobody is there');
  people = { ada, bob, cay };
  world = await createWorld(
    hub.database,
    [
      [ada, 'OWNER'],
      [bob, 'EDITOR'],
      [cay, 'VIEWER'],
    ],
    ada,
  );
  // Bob is in another workspace besides: he may read comments that the others may not.
  await createWorld(hub.database, [[bob, 'OWNER']], bob);
}, 60_000);
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});
afterAll(() => hub?.close(), 30_000);

const ofTasks = 'taskChanges(where: { workspaceId: { eq: $in } }, after: $after)';
const withComments = `subscription ($in: ID!, $after: SyncCursor) {
  ${ofTasks} { cursor changes { operation row { title assignee { name } comments(first: 5) { nodes { body } } } } }
}`;
const titles = `subscription ($in: ID!, $after: SyncCursor) { ${ofTasks} { cursor changes { row { title } } } }`;

interface Told {
  readonly cursor: string;
  readonly reset?: boolean;
  readonly changes: readonly unknown[];
}
function framesOf({ messages }: RawSocket, id: string): Told[] {
  const theirs = messages.filter((message) => message.type === 'next' && message.id === id);
  return theirs.flatMap(({ payload }) => Object.values((payload as { data: Record<string, Told> }).data));
}
const changesOf = (socket: RawSocket, id: string) =>
  framesOf(socket, id).flatMap(({ changes }) => (changes.length === 0 ? [] : [changes]));

async function signedIn(person: Person): Promise<RawSocket> {
  const socket = await openSignedIn(url, person.accessToken);
  open.push(socket);
  return socket;
}
function subscribe(socket: RawSocket, id: string, query: string, more: object = {}, after: string | null = null) {
  socket.send({ type: 'subscribe', id, payload: { query, variables: { in: world.Workspace, after }, ...more } });
}
const metric = (name: string) => metricOf(url, name);
/** Waits until so many subscriptions are live, in so many groups. */
async function live(subscriptions: number, groups: number) {
  await waitFor(async () => (await metric('subscriptions')) === subscriptions && (await metric('groups')) === groups, {
    what: `${subscriptions} subscriptions in ${groups} groups`,
  });
}
const rename = (title: string) =>
  hub.database.query('UPDATE tasks SET title = $2 WHERE id = $1', [uuidOf(world.Task), title]);

describe('those who ask alike', () => {
  test('are told alike, each under its own id; whoever may read other rows of what is loaded besides is of another group', async () => {
    const ids = { ada: 'a"\\\n', bob: 'é€😀', cay: '1' };
    const sockets = {
      ada: await signedIn(people.ada),
      bob: await signedIn(people.bob),
      cay: await signedIn(people.cay),
    };
    const names = ['ada', 'bob', 'cay'] as const;
    for (const name of names) subscribe(sockets[name], ids[name], withComments);
    await live(3, 2);
    await rename('Ünïcode "quoted"');
    await rename('again');
    const told = (title: string) => [
      { operation: 'UPDATED', row: { title, assignee: { name: 'Ada' }, comments: { nodes: [{ body: 'Comment' }] } } },
    ];
    for (const name of names) {
      await waitFor(() => changesOf(sockets[name], ids[name]).length >= 2, { what: `what ${name} is told` });
      expect(changesOf(sockets[name], ids[name])).toEqual([told('Ünïcode "quoted"'), told('again')]);
    }
  });

  test('have cursors of their own: with another’s, or with a part of another question’s, nobody goes on', async () => {
    const [ada, cay] = [await signedIn(people.ada), await signedIn(people.cay)];
    subscribe(ada, 'titles', titles);
    subscribe(ada, 'comments', withComments);
    subscribe(cay, 'titles', titles);
    await live(3, 2);
    await rename('one');
    const cursorOf = async (socket: RawSocket, id: string) => {
      await waitFor(() => changesOf(socket, id).length >= 1, { what: `what ${id} is told` });
      return framesOf(socket, id).at(-1)?.cursor ?? '';
    };
    const [titlesCursor, commentsCursor] = [await cursorOf(ada, 'titles'), await cursorOf(ada, 'comments')];
    const [place = '', standing = ''] = titlesCursor.split('.');
    const [otherPlace = '', otherStanding = ''] = commentsCursor.split('.');
    expect((await cursorOf(cay, 'titles')).split('.')[0]).toBe(place);

    const refusal = async (socket: RawSocket, after: string) => {
      const id = `after ${after.slice(-9)} ${socket.messages.length}`;
      subscribe(socket, id, titles, {}, after);
      const answer = await socket.receive('a refusal', (message: Message) => message.id === id);
      return errorsOf(answer).map(({ extensions }) => extensions.code);
    };
    expect(await refusal(cay, titlesCursor)).toEqual(['CURSOR_INVALID']);
    expect(await refusal(ada, `${otherPlace}.${standing}`)).toEqual(['CURSOR_INVALID']);
    expect(await refusal(ada, `${place}.${otherStanding}`)).toEqual(['CURSOR_INVALID']);
    expect(await refusal(ada, commentsCursor)).toEqual(['CURSOR_EXPIRED']);
    await rename('two');
    subscribe(ada, 'again', titles, {}, titlesCursor);
    await waitFor(() => changesOf(ada, 'again').length >= 1, { what: 'what was missed' });
    expect(changesOf(ada, 'again')).toEqual([[{ row: { title: 'two' } }]]);
  });
});

describe('many who open the same watch at once', () => {
  const ofTasks = 'watchTasks(where: { workspaceId: { eq: $in } }, after: $after)';
  const rows = `subscription ($in: ID!, $after: SyncCursor) { ${ofTasks} { cursor reset upToDate changes { operation row { title } } } }`;
  const someId = (index: number) => `watch "${index}"`;

  /** Opens so many while the table is locked: none has its snapshot before all are there. */
  async function openAtOnce(watchers: readonly Person[], query: string): Promise<{ socket: RawSocket; id: string }[]> {
    const lock = new pg.Client({ connectionString: hub.database.url });
    await lock.connect();
    try {
      await lock.query('BEGIN; LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE');
      const opened = await Promise.all(
        watchers.map(async (person, index) => ({ socket: await signedIn(person), id: someId(index) })),
      );
      for (const { socket, id } of opened) subscribe(socket, id, query);
      await waitFor(async () => (await metric('subscriptions')) === opened.length, { what: 'all to wait' });
      await lock.query('COMMIT');
      return opened;
    } finally {
      await lock.end();
    }
  }
  const crowd = () =>
    Array.from({ length: 30 }, (_, index) => [people.ada, people.bob, people.cay][index % 3] as Person);

  test('are read for once, whoever they are, and each is told all rows, then every change, under cursors of its own', async () => {
    await rename('as it was');
    const before = await metric('snapshots_total');
    const opened = await openAtOnce(crowd(), rows);
    for (const { socket, id } of opened) {
      await waitFor(() => framesOf(socket, id).length >= 1, { what: 'the rows' });
      expect(framesOf(socket, id)[0]).toMatchObject({
        reset: true,
        changes: [{ operation: 'CREATED', row: { title: 'as it was' } }],
      });
    }
    expect((await metric('snapshots_total')) - before).toBe(1);
    await rename('as it is');
    for (const { socket, id } of opened) {
      await waitFor(() => changesOf(socket, id).length >= 2, { what: 'the change' });
      expect(changesOf(socket, id)[1]).toEqual([{ operation: 'UPDATED', row: { title: 'as it is' } }]);
    }
    // Each viewer's own, and of no other.
    const [first, second] = opened;
    if (first === undefined || second === undefined) throw new Error('nobody is there');
    const after = framesOf(first.socket, first.id)[0]?.cursor ?? '';
    expect(after).not.toBe(framesOf(second.socket, second.id)[0]?.cursor);
    subscribe(first.socket, 'again', rows, {}, after);
    await waitFor(() => changesOf(first.socket, 'again').length >= 1, { what: 'what was missed' });
    expect(framesOf(first.socket, 'again').map(({ reset }) => reset)).not.toContain(true);
    expect(changesOf(first.socket, 'again')).toEqual([[{ operation: 'UPDATED', row: { title: 'as it is' } }]]);
    subscribe(second.socket, 'stolen', rows, {}, after);
    const refusal = await second.socket.receive('a refusal', (message: Message) => message.id === 'stolen');
    expect(errorsOf(refusal).map(({ extensions }) => extensions.code)).toEqual(['CURSOR_INVALID']);
  });

  test('are read for apart where their rights make a difference', async () => {
    const before = await metric('snapshots_total');
    const opened = await openAtOnce(
      [people.ada, people.bob, people.cay],
      'subscription ($after: SyncCursor) { watchTasks(after: $after) { cursor reset upToDate changes { operation row { title } } } }',
    );
    const counts: number[] = [];
    for (const { socket, id } of opened) {
      await waitFor(() => framesOf(socket, id).length >= 1, { what: 'the rows' });
      counts.push(changesOf(socket, id)[0]?.length ?? 0);
    }
    // Bob is in another workspace besides.
    expect(counts).toEqual([1, 2, 1]);
    expect((await metric('snapshots_total')) - before).toBe(2);
  });
});

test('two operations of one text are two subscriptions, each with its own answer', async () => {
  const socket = await signedIn(people.ada);
  const query = `subscription A($in: ID!, $after: SyncCursor, $no: Boolean = true) { ${ofTasks} { changes { row { title version @skip(if: $no) } } } }
    subscription B($in: ID!, $after: SyncCursor) { ${ofTasks} { changes { operation } } }`;
  const variables = { in: world.Workspace, no: false };
  subscribe(socket, 'A', query, { operationName: 'A' });
  subscribe(socket, 'B', query, { operationName: 'B' });
  subscribe(socket, 'A with all', query, { operationName: 'A', variables });
  await live(3, 3);
  await rename('three');
  for (const id of ['A', 'B', 'A with all'])
    await waitFor(() => changesOf(socket, id).length >= 1, { what: `what ${id} is told` });
  expect(changesOf(socket, 'A')).toEqual([[{ row: { title: 'three' } }]]);
  expect(changesOf(socket, 'B')).toEqual([[{ operation: 'UPDATED' }]]);
  expect(changesOf(socket, 'A with all')).toEqual([[{ row: { title: 'three', version: expect.any(Number) } }]]);
});

test('an id that is used again is told of its new operation alone; others of the group go on', async () => {
  const socket = await signedIn(people.ada);
  for (const id of ['used', 'other']) subscribe(socket, id, titles);
  await live(2, 1);
  socket.send({ type: 'complete', id: 'used' });
  await live(1, 1);
  const before = socket.messages.length;
  subscribe(
    socket,
    'used',
    `subscription ($in: ID!, $after: SyncCursor) { ${ofTasks} { cursor changes { operation } } }`,
  );
  await live(2, 2);
  await rename('four');
  for (const id of ['used', 'other'])
    await waitFor(() => changesOf(socket, id).length >= 1, { what: `what ${id} is told` });
  expect(changesOf(socket, 'used')).toEqual([[{ operation: 'UPDATED' }]]);
  expect(changesOf(socket, 'other')).toEqual([[{ row: { title: 'four' } }]]);
  expect(socket.messages.slice(before).filter(({ type }) => type !== 'next')).toEqual([]);
});

test('what a subscription’s rows lead to is read with what its viewer may read by then, whatever its socket was told before', async () => {
  const socket = await signedIn(people.ada);
  const watch = `subscription ($in: ID!) {
    watchTasks(where: { workspaceId: { eq: $in } }) { changes { row { comments(first: 5) { nodes { body } } } } }
  }`;
  const told = [{ row: { comments: { nodes: [{ body: 'Comment' }] } } }];
  subscribe(socket, 'before', watch);
  await waitFor(() => changesOf(socket, 'before').length >= 1, { what: 'the rows of a workspace' });
  const another = await createWorld(hub.database, [[people.ada, 'OWNER']], people.ada);
  subscribe(socket, 'after', watch, { variables: { in: another.Workspace } });
  await waitFor(() => changesOf(socket, 'after').length >= 1, {
    what: 'the rows of a workspace that she has just joined',
  });
  expect(changesOf(socket, 'before')[0]).toEqual(told);
  expect(changesOf(socket, 'after')[0]).toEqual(told);
});
