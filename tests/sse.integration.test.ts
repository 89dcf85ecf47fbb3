import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { waitFor } from '@sync-hub/dev/wait-for';
import { addPerson, createWorld, type World } from './cast.ts';
import { metricOf } from './hub-state.ts';
import { type Person, uuidOf } from './person.ts';

// Subscriptions over HTTP, read by hand from the stream of events.

let hub: Hub;
let url: string;
let member: Person;
let world: World;
const streams: EventStream[] = [];

beforeAll(async () => {
  hub = await startHub();
  url = hub.urls[0] ?? '';
}, 60_000);
beforeEach(async () => {
  const owner = await addPerson(hub.database, url, { name: 'Ada' });
  member = await addPerson(hub.database, url, { name: 'Cay' });
  world = await createWorld(
    hub.database,
    [
      [owner, 'OWNER'],
      [member, 'VIEWER'],
    ],
    owner,
  );
});
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});
afterAll(() => hub?.close(), 30_000);

interface Frame {
  readonly cursor: string;
  readonly reset: boolean;
  readonly changes: readonly { readonly operation: string; readonly row: { readonly title: string } | null }[];
}
interface Answer {
  readonly data: Readonly<Record<string, Frame>> | null;
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}
interface EventStream {
  readonly status: number;
  readonly contentType: string | null;
  /** What came as `event: next`. */
  readonly answers: readonly Answer[];
  readonly isComplete: boolean;
  close(): void;
}

async function open(query: string, variables: object, who = member): Promise<EventStream> {
  const leaving = new AbortController();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${who.accessToken}`,
    },
    body: JSON.stringify({ query, variables }),
    signal: leaving.signal,
  });
  const answers: Answer[] = [];
  let isComplete = false;
  const read = async () => {
    let text = '';
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const events = (text + piece).split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        if (/^event: complete/m.test(event)) isComplete = true;
        const data = /^data: (.+)$/m.exec(event)?.[1];
        if (/^event: next/m.test(event) && data !== undefined) answers.push(JSON.parse(data) as Answer);
      }
    }
  };
  read().catch(() => {}); // it was left
  const stream = {
    status: response.status,
    contentType: response.headers.get('content-type'),
    answers,
    get isComplete() {
      return isComplete;
    },
    close: () => leaving.abort(),
  };
  streams.push(stream);
  return stream;
}
const framesOf = ({ answers }: EventStream) =>
  answers.flatMap(({ data }) => (data === null ? [] : Object.values(data)));
const told = (stream: EventStream) =>
  framesOf(stream).flatMap(({ changes }) => changes.map(({ operation, row }) => `${operation} ${row?.title}`));
const until = (what: string, isSo: () => boolean | Promise<boolean>) => waitFor(isSo, { what });
const subscriptions = () => metricOf(url, 'subscriptions');
const rename = (title: string) =>
  hub.database.query('UPDATE tasks SET title = $2 WHERE id = $1', [uuidOf(world.Task), title]);

const fields = '{ cursor reset changes { operation row { title } } }';
const watch = `subscription ($in: ID!, $after: SyncCursor) {
  watchTasks(where: { workspaceId: { eq: $in } }, after: $after) ${fields} }`;
const changes = `subscription ($in: ID!, $after: SyncCursor) {
  taskChanges(where: { workspaceId: { eq: $in } }, after: $after) ${fields} }`;

describe('a subscription over HTTP', () => {
  test('is a stream of events: the rows, then every change, and goes on from a cursor without a gap', async () => {
    const first = await open(watch, { in: world.Workspace });
    expect([first.status, first.contentType]).toEqual([200, expect.stringContaining('text/event-stream')]);
    await until('the rows', () => told(first).length > 0);
    await rename('one');
    await until('a change', () => told(first).length > 1);
    expect(told(first)).toEqual(['CREATED Task', 'UPDATED one']);
    expect(framesOf(first)[0]?.reset).toBe(true);
    const after = framesOf(first).at(-1)?.cursor;
    first.close();
    await until('the subscription to end with its request', async () => (await subscriptions()) === 0);
    await rename('two');
    const again = await open(watch, { in: world.Workspace, after });
    await until('what was missed', () => told(again).length > 0);
    expect(told(again)).toEqual(['UPDATED two']);
    expect(framesOf(again).some(({ reset }) => reset)).toBe(false);
  });

  test('ends with its session, with the reason and then `complete`', async () => {
    const stream = await open(changes, { in: world.Workspace });
    await until('the first frame', () => framesOf(stream).length > 0);
    await hub.database.query('UPDATE sessions SET revoked_at = now() WHERE id = $1', [uuidOf(member.sessionId)]);
    await until('the end', () => stream.isComplete);
    expect(stream.answers.at(-1)?.errors?.map(({ extensions }) => extensions.code)).toEqual(['SESSION_REVOKED']);
  });

  test('ends with the membership that it needs', async () => {
    const stream = await open(changes, { in: world.Workspace });
    await until('the first frame', () => framesOf(stream).length > 0);
    await hub.database.query('DELETE FROM members WHERE user_id = $1', [uuidOf(member.userId)]);
    await rename('not for him');
    await until('the end', () => stream.isComplete);
    expect(stream.answers.at(-1)?.errors?.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    expect(told(stream)).toEqual([]);
  });

  test('that is refused is an answer with a code', async () => {
    const stream = await open(changes, { in: world.Workspace, after: 'nonsense' });
    await until('the answer', () => stream.answers.length > 0);
    expect(stream.answers[0]?.errors?.map(({ extensions }) => extensions.code)).toEqual(['CURSOR_INVALID']);
  });
});
