import { afterEach, expect, jest, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import WebSocket from 'ws';
import type { Result } from './connection.ts';
import { createSyncSocket, type SyncListener, type SyncSocket } from './sync-socket.ts';
import { type FakeHub, type FakeSubscription, startFakeHub } from './testing/fake-hub.ts';

const closes: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0).reverse()) await close();
  jest.restoreAllMocks();
});

async function start(options?: Parameters<typeof startFakeHub>[0]) {
  const hub = await startFakeHub(options);
  closes.push(() => hub.close());
  const socket = createSyncSocket({ url: hub.url, getToken: async () => 'good', webSocket: WebSocket });
  closes.push(() => socket.close());
  return { hub, socket };
}

interface Callbacks extends SyncListener {
  readonly name?: string;
  readonly next?: (name: string) => void;
  readonly error?: (error: unknown) => void;
}

/** Follows, and writes down what is told. */
function follow(socket: SyncSocket, { name = 'some', next, error, ...listener }: Callbacks = {}) {
  const told: unknown[] = [];
  const sink = {
    next({ data }: Result) {
      told.push(data?.['frames']);
      next?.(String(data?.['frames']));
    },
    error(why: unknown) {
      told.push(why);
      error?.(why);
    },
    complete() {},
  };
  const leave = socket.subscribe({ query: `subscription ${name} { frames }` }, sink, listener);
  return { told, leave };
}

/** The nth subscription that the hub has ever met, from 1. */
function nth(hub: FakeHub, count: number): Promise<FakeSubscription> {
  return waitFor(() => hub.subscriptions[count - 1], { what: `subscription ${count}` });
}

const frame = (name: string) => ({ data: { frames: name } });
const bug = new Error('a bug of the app');
const throwBug = () => {
  throw bug;
};
const endedByBug = expect.objectContaining({ name: 'SyncError', code: 'INTERNAL', cause: bug });

/** What is thrown where nobody can catch it: it would end this process. */
function catchThrownLater(): unknown[] {
  const thrown: unknown[] = [];
  jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => {
    void Promise.resolve()
      .then(task)
      .catch((cause) => thrown.push(cause));
  });
  return thrown;
}

test.each(['opening', 'change'])(
  'a callback that throws at the frame %s ends its own subscription, and no other',
  async (name) => {
    const { hub, socket } = await start();
    const throwing = follow(socket, { next: (came) => came === name && throwBug() });
    const other = follow(socket);
    await nth(hub, 2);
    for (const subscription of hub.subscriptions)
      for (const sent of ['opening', 'change', 'another change']) subscription.next(frame(sent));
    await waitFor(() => other.told.length === 3, { what: 'all frames' });
    expect(other.told).toEqual(['opening', 'change', 'another change']);
    const frames = name === 'opening' ? ['opening'] : ['opening', 'change'];
    await waitFor(() => hub.subscriptions[0]?.isLeft, { what: 'the hub to know that one is left' });
    expect(throwing.told).toEqual([...frames, endedByBug]);
    expect(hub.tokens).toHaveLength(1);
  },
);

test('a callback that throws when the socket is lost ends its own subscription; the others come back', async () => {
  const { hub, socket } = await start();
  const throwing = follow(socket, { interrupted: throwBug });
  const other = follow(socket);
  await nth(hub, 2);
  hub.subscriptions[0]?.close(1012, 'server restarts');
  (await nth(hub, 3)).next(frame('opening again'));
  await waitFor(() => other.told.length === 1, { what: 'the other to come back' });
  expect(throwing.told).toEqual([endedByBug]);
});

test('what a callback throws when its subscription has ended is thrown where it hurts no other', async () => {
  const { hub, socket } = await start();
  const thrown = catchThrownLater();
  follow(socket, { error: throwBug });
  const other = follow(socket);
  await nth(hub, 2);
  hub.subscriptions[0]?.close(4403, 'SESSION_REVOKED');
  await waitFor(() => other.told.length === 1, { what: 'the other to be told' });
  expect(other.told).toEqual([expect.objectContaining({ code: 'SESSION_REVOKED' })]);
  await waitFor(() => thrown.length > 0, { what: 'the bug' });
  expect(thrown).toEqual([bug]);
});

test('one that is left while it is told of an interruption does not come back', async () => {
  const { hub, socket } = await start();
  const left = follow(socket, { name: 'left', interrupted: () => left.leave() });
  follow(socket, { name: 'other' });
  const of = (name: string) => hub.subscriptions.filter(({ query }) => query.includes(name));
  await nth(hub, 2);
  const ended = { data: null, errors: [{ message: 'no', extensions: { code: 'UNAVAILABLE' } }] };
  of('left')[0]?.next(ended);
  // The other's second pause is longer than the first of the one that is left would be.
  for (const count of [1, 2]) {
    of('other')[count - 1]?.next(ended);
    await waitFor(() => of('other').length > count, { what: `restart ${count}` });
  }
  expect(of('left')).toHaveLength(1);
  expect(left.told).toEqual([]);
});

test('who subscribes again when told the end is told again only when the next token is refused, too', async () => {
  const { hub, socket } = await start({ accepts: () => ({ code: 4403, reason: 'SESSION_REVOKED' }) });
  const tokensAtEnd: number[] = [];
  const again = () => {
    follow(socket, {
      error() {
        tokensAtEnd.push(hub.tokens.length);
        if (tokensAtEnd.length < 2) again();
      },
    });
  };
  again();
  await waitFor(() => tokensAtEnd.length === 2, { what: 'the second end' });
  expect(tokensAtEnd).toEqual([1, 2]);
});
