import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { waitFor } from '@sync-hub/dev/wait-for';
import pg from 'pg';
import { addPerson, createWorld, type World } from './cast.ts';
import { metricOf, statementsThatWait } from './hub-state.ts';
import { type Person, uuidOf } from './person.ts';
import { openSignedIn, type RawSocket } from './raw-socket.ts';

// A frame waits for what it loads besides its rows. Whoever loses the right to that meanwhile is not told what was written after.

let hub: Hub;
let url: string;
let member: Person;
let world: World;
let socket: RawSocket;
/** Holds up whoever reads comments. */
let holder: pg.Client;

beforeAll(async () => {
  hub = await startHub();
  url = hub.urls[0] ?? '';
  const owner = await addPerson(hub.database, url, { name: 'Ada' });
  world = await createWorld(hub.database, [[owner, 'OWNER']], owner);
}, 60_000);
beforeEach(async () => {
  member = await addPerson(hub.database, url, { name: 'Cay' });
  const membership = [uuidOf(member.userId), uuidOf(world.Workspace)];
  await hub.database.query("INSERT INTO members (user_id, workspace_id, role) VALUES ($1, $2, 'VIEWER')", membership);
  await hub.database.query("UPDATE comments SET body = 'Written before'");
  socket = await openSignedIn(url, member.accessToken);
  holder = new pg.Client({ connectionString: hub.database.url });
  await holder.connect();
});
afterEach(async () => {
  socket?.close();
  await holder?.end();
});
afterAll(() => hub?.close(), 30_000);

const row = 'row { title comments(first: 5) { nodes { body } } }';
const inIt = 'where: { workspaceId: { eq: $in } }';
function subscribe(query: string) {
  socket.send({ type: 'subscribe', id: '1', payload: { query, variables: { in: world.Workspace } } });
}
const isFollowed = async () => (await metricOf(url, 'subscriptions')) === 1;
const untilTold = (what: string) => socket.receive(what, (message) => JSON.stringify(message).includes(what));

async function holdComments() {
  await holder.query('BEGIN; LOCK TABLE comments IN ACCESS EXCLUSIVE MODE');
}
async function untilAFrameWaits() {
  await waitFor(async () => (await statementsThatWait(hub.database)) > 0, { what: 'a frame to wait for comments' });
}
async function loseMembership() {
  await hub.database.query('DELETE FROM members WHERE user_id = $1', [uuidOf(member.userId)]);
}
async function writeAndLetGo() {
  await holder.query("UPDATE comments SET body = 'Written after'; COMMIT");
}

test('by a frame that is executed for a group', async () => {
  subscribe(`subscription ($in: ID!) { taskChanges(${inIt}) { changes { ${row} } } }`);
  await socket.receive('the opening frame', ({ type }) => type === 'next');
  await holdComments();
  await hub.database.query("UPDATE tasks SET title = 'Told' WHERE id = $1", [uuidOf(world.Task)]);
  await untilAFrameWaits();
  await loseMembership();
  await waitFor(async () => !(await isFollowed()), { what: 'the loss to be met' });
  await writeAndLetGo();
  await untilTold('FORBIDDEN');
  expect(JSON.stringify(socket.messages)).toContain('{"title":"Told","comments":{"nodes":[]}}');
  expect(JSON.stringify(socket.messages)).not.toContain('Written after');
});

test('by a frame of many subscriptions, when their session ends: it is executed for none of them alone', async () => {
  for (let id = 0; id < 30; id++)
    socket.send({
      type: 'subscribe',
      id: `many ${id}`,
      payload: {
        query: `subscription ($in: ID!) { taskChanges(${inIt}) { changes { ${row} } } }`,
        variables: { in: world.Workspace },
      },
    });
  const isOneOfThirty = async () =>
    (await metricOf(url, 'subscriptions')) === 30 && (await metricOf(url, 'groups')) === 1;
  await waitFor(isOneOfThirty, { what: 'one group of thirty' });
  await holdComments();
  await hub.database.query("UPDATE tasks SET title = 'Told' WHERE id = $1", [uuidOf(world.Task)]);
  await untilAFrameWaits();
  const waiting = async () => {
    await new Promise((resolve) => setTimeout(resolve, 500)); // Whatever is executed waits for comments by then.
    return statementsThatWait(hub.database);
  };
  const before = await waiting(); // One, and those that have not joined the group yet.
  await hub.database.query('UPDATE sessions SET revoked_at = now() WHERE id = $1', [uuidOf(member.sessionId)]);
  expect(await socket.closing()).toBe('4403 SESSION_REVOKED');
  expect(await waiting()).toBe(before);
  expect(before).toBeLessThan(10); // As many as there are connections.
  await writeAndLetGo();
  expect(JSON.stringify(socket.messages)).not.toContain('Written after');
});

test('by a page of rows that is executed for one', async () => {
  await holdComments();
  subscribe(`subscription ($in: ID!) { watchTasks(${inIt}) { reset changes { ${row} } } }`);
  await untilAFrameWaits();
  await loseMembership();
  await writeAndLetGo();
  await untilTold('{"reset":true,"changes":[]}');
  expect(JSON.stringify(socket.messages)).not.toContain('Written after');
});

test('by a frame over HTTP', async () => {
  const query = `subscription ($in: ID!) { watchTasks(${inIt}) { reset changes { ${row} } } }`;
  await holdComments();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${member.accessToken}`,
    },
    body: JSON.stringify({ query, variables: { in: world.Workspace } }),
  });
  await untilAFrameWaits();
  await loseMembership();
  await writeAndLetGo();
  let said = '';
  for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    said += piece;
    if (said.includes('{"reset":true,"changes":[]}')) break;
  }
  expect(said).toContain('"nodes":[]');
  expect(said).not.toContain('Written after');
});
