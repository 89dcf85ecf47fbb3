import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { waitFor } from '@sync-hub/dev/wait-for';
import { addPerson, createWorld } from './cast.ts';
import { metricOf, statementsThatWait } from './hub-state.ts';
import { type Person, uuidOf } from './person.ts';
import { type Message, openRawSocket, openSignedIn } from './raw-socket.ts';

let hub: Hub;
let url: string;
let viewer: Person;
let taskId: string;

beforeAll(async () => {
  hub = await startHub();
  url = hub.urls[0] ?? '';
  viewer = await addPerson(hub.database, url, { name: 'Viewer' });
  taskId = (await createWorld(hub.database, [[viewer, 'OWNER']], viewer)).Task;
}, 60_000);
afterAll(() => hub?.close(), 30_000);

const metric = (name: 'sockets' | 'subscriptions') => metricOf(url, name);
const metricReads = (name: 'sockets' | 'subscriptions', value: number) =>
  waitFor(async () => (await metric(name)) === value, { what: `${value} ${name}` });

test('sockets that go while they sign in are kept nowhere', async () => {
  // Their sign-in has to wait for it: when they are through, they have gone.
  const lock = await hub.database.pool.connect();
  try {
    await lock.query('BEGIN');
    await lock.query('LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
    for (let count = 0; count < 20; count += 1) {
      const socket = await openRawSocket(url);
      socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${viewer.accessToken}` } });
      // Its answer comes after the first message was read.
      socket.send({ type: 'ping' });
      await socket.receive('the pong', ({ type }) => type === 'pong');
      socket.close();
    }
    await waitFor(() => waiting(), { what: 'a sign-in that waits' });
  } finally {
    await lock.query('ROLLBACK');
    lock.release();
  }
  // Behind the sign-ins that have waited.
  const last = await openSignedIn(url, viewer.accessToken);
  await waitFor(async () => !(await waiting()), { what: 'all to be through' });
  expect(await metric('sockets')).toBe(1);
  last.close();
  await metricReads('sockets', 0);
});

/** Whether a statement of the API waits for the lock. */
const waiting = async () => (await statementsThatWait(hub.database)) > 0;

describe('an id that is ended and used again, before what it was used for has begun', () => {
  const id = 'one';
  const subscribe = (name: string) => ({
    type: 'subscribe',
    id,
    payload: { query: `subscription { ${name}: taskChanges { changes { row { title } } } }` },
  });
  const complete = { type: 'complete', id };
  const rename = (title: string) =>
    hub.database.query('UPDATE tasks SET title = $2 WHERE id = $1', [uuidOf(taskId), title]);
  const isFrame = (title: string) => (message: Message) => JSON.stringify(message.payload)?.includes(`"${title}"`);
  const fieldsOf = (messages: readonly Message[]) =>
    new Set(
      messages
        .filter(({ type }) => type === 'next')
        .flatMap(({ payload }) => Object.keys((payload as { data: object }).data)),
    );

  test('is of the second subscription alone, and of none after its end', async () => {
    const socket = await openSignedIn(url, viewer.accessToken);
    socket.send(subscribe('first'), complete, subscribe('second'));
    await socket.receive('the opening frame', ({ type }) => type === 'next');
    await rename('told');
    await socket.receive('the change', isFrame('told'));
    expect(fieldsOf(socket.messages)).toEqual(new Set(['second']));
    await metricReads('subscriptions', 1);

    socket.send(complete);
    await metricReads('subscriptions', 0);
    const told = socket.messages.length;
    await rename('told nobody');
    socket.send({ ...subscribe('third'), id: 'two' });
    await socket.receive('the next frame', ({ id }) => id === 'two');
    expect(socket.messages.slice(told).filter((message) => message.id === id)).toEqual([]);
    socket.close();
    await metricReads('subscriptions', 0);
  });

  test('leaves nothing when it is ended again', async () => {
    const socket = await openSignedIn(url, viewer.accessToken);
    socket.send(subscribe('first'), complete, subscribe('second'), complete, subscribe('third'));
    await socket.receive('the opening frame', ({ type }) => type === 'next');
    expect(fieldsOf(socket.messages)).toEqual(new Set(['third']));
    socket.close();
    await metricReads('subscriptions', 0);
  });

  test('is not told what the first has failed with, or answered', async () => {
    const socket = await openSignedIn(url, viewer.accessToken);
    const query = (text: string) => ({ type: 'subscribe', id, payload: { query: text } });
    for (const text of ['{ first: me { id } }', '{ nope }']) {
      const seen = socket.messages.length;
      socket.send(query(text), complete, query('{ second: me { id } }'));
      const { length } = await waitFor(
        () => {
          const messages = socket.messages.slice(seen);
          return messages.some(({ type }) => type !== 'next') ? messages : null;
        },
        { what: `an end of ${text}` },
      );
      const messages = socket.messages.slice(seen);
      expect(length).toBe(2);
      expect(messages.map(({ type }) => type)).toEqual(['next', 'complete']);
      expect(fieldsOf(messages)).toEqual(new Set(['second']));
    }
    socket.close();
  });

  test('and when its socket goes before anything has begun, nothing is left', async () => {
    const socket = await openSignedIn(url, viewer.accessToken);
    socket.send(subscribe('first'), complete, subscribe('second'));
    socket.close();
    const other = await openSignedIn(url, viewer.accessToken);
    other.send({ ...subscribe('other'), id: 'other' });
    await other.receive('the opening frame', ({ type }) => type === 'next');
    await metricReads('subscriptions', 1);
    other.close();
    await metricReads('subscriptions', 0);
  });
});
