import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import WebSocket from 'ws';
import type { GetToken } from './authorized-fetch.ts';
import type { Result } from './connection.ts';
import { SyncError } from './sync-error.ts';
import { createSyncSocket, type SyncSocket } from './sync-socket.ts';
import { type FakeHub, type FakeSubscription, startFakeHub } from './testing/fake-hub.ts';

const closes: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0).reverse()) await close();
  jest.restoreAllMocks();
});

async function startHub(options?: Parameters<typeof startFakeHub>[0]): Promise<FakeHub> {
  const hub = await startFakeHub(options);
  closes.push(() => hub.close());
  return hub;
}

function openSocket(url: string, getToken: GetToken = async () => 'good'): SyncSocket {
  const socket = createSyncSocket({ url, getToken, webSocket: WebSocket });
  closes.push(() => socket.close());
  return socket;
}

/** Follows, and writes down all that is told, in order. */
function follow(socket: SyncSocket, read: () => unknown = () => {}) {
  const told: string[] = [];
  const sink = {
    next: ({ data }: Result) => told.push(String(data?.['frames'])),
    error: (error: unknown) => told.push(error instanceof SyncError ? `error ${error.code}` : 'another error'),
    complete: () => told.push('complete'),
  };
  const leave = socket.subscribe({ query: 'subscription { frames }' }, sink, {
    started() {
      told.push('started');
      return read();
    },
    interrupted: (why) => told.push(`interrupted ${why.code}`),
  });
  return { told, leave };
}

/** The nth subscription that the hub has ever met, from 1. */
function nth(hub: FakeHub, count: number): Promise<FakeSubscription> {
  return waitFor(() => hub.subscriptions[count - 1], { what: `subscription ${count}` });
}

const frame = (name: string) => ({ data: { frames: name } });
const ended = (code: string) => ({ data: null, errors: [{ message: 'no', extensions: { code } }] });

async function expectTold(told: readonly string[], expected: readonly string[]) {
  await waitFor(() => told.length >= expected.length, { what: expected.join(', ') });
  expect(told).toEqual(expected);
}

describe('a subscription', () => {
  test('starts anew after its socket was lost, and says so before its next frame', async () => {
    const hub = await startHub();
    const { told } = follow(openSocket(hub.url));
    const first = await nth(hub, 1);
    first.next(frame('opening'));
    first.next(frame('change'));
    await expectTold(told, ['started', 'opening', 'change']);
    first.close(1012, 'server restarts');
    (await nth(hub, 2)).next(frame('opening again'));
    await expectTold(told, ['started', 'opening', 'change', 'interrupted NETWORK', 'started', 'opening again']);
  });

  test.each(['CURSOR_EXPIRED', 'SLOW_CONSUMER', 'UNAVAILABLE'])('that ends with %s starts anew', async (code) => {
    const hub = await startHub();
    const { told } = follow(openSocket(hub.url));
    const first = await nth(hub, 1);
    first.next(frame('opening'));
    await expectTold(told, ['started', 'opening']);
    first.next(ended(code));
    first.complete();
    (await nth(hub, 2)).next(frame('opening again'));
    await expectTold(told, ['started', 'opening', `interrupted ${code}`, 'started', 'opening again']);
  });

  test('holds its frames back until what was there before them has been read', async () => {
    const hub = await startHub();
    const socket = openSocket(hub.url);
    let finishReading = () => {};
    const { told } = follow(socket, () => new Promise<void>((resolve) => (finishReading = resolve)));
    const first = await nth(hub, 1);
    for (const name of ['opening', 'one', 'two']) first.next(frame(name));
    await expectTold(told, ['started']);
    const other = follow(socket);
    (await nth(hub, 2)).error([{ message: 'no', extensions: { code: 'FORBIDDEN' } }]);
    await expectTold(other.told, ['error FORBIDDEN']); // by now the frames have come, too
    expect(told).toEqual(['started']);
    finishReading();
    await expectTold(told, ['started', 'opening', 'one', 'two']);
  });

  test('does not read for a second start before the read for the first is done', async () => {
    const hub = await startHub();
    const socket = openSocket(hub.url);
    const reads: (() => void)[] = [];
    const { told } = follow(socket, () => new Promise<void>((resolve) => reads.push(resolve)));
    const first = await nth(hub, 1);
    first.next(frame('opening'));
    await waitFor(() => reads.length === 1, { what: 'the first read' });
    first.close(1012, 'server restarts');
    await expectTold(told, ['started', 'interrupted NETWORK']);
    const other = follow(socket);
    (await nth(hub, 2)).next(frame('opening again'));
    (await nth(hub, 3)).error([{ message: 'no', extensions: { code: 'FORBIDDEN' } }]);
    await waitFor(() => other.told.includes('error FORBIDDEN'), { what: 'all that the hub has sent' });
    expect(reads).toHaveLength(1);
    reads[0]?.();
    await waitFor(() => reads.length === 2, { what: 'the second read' });
    expect(told).toEqual(['started', 'interrupted NETWORK', 'started']);
    reads[1]?.();
    await expectTold(told, ['started', 'interrupted NETWORK', 'started', 'opening again']);
  });

  test.each([
    { why: new TypeError('fetch failed'), tells: ['started', 'interrupted NETWORK', 'started', 'opening again'] },
    { why: new SyncError('FORBIDDEN', 'no'), tells: ['started', 'error FORBIDDEN'] },
  ])('whose reading fails with $why.message has no frames: it starts again or ends', async ({ why, tells }) => {
    const hub = await startHub();
    const socket = openSocket(hub.url);
    let reads = 0;
    const { told } = follow(socket, async () => {
      reads += 1;
      if (reads === 1) throw why;
    });
    (await nth(hub, 1)).next(frame('opening'));
    if (why instanceof TypeError) (await nth(hub, 2)).next(frame('opening again'));
    await expectTold(told, tells);
  });

  test('that the server refuses ends with its code, and the others go on', async () => {
    const hub = await startHub();
    const socket = openSocket(hub.url);
    const refused = follow(socket);
    const other = follow(socket);
    (await nth(hub, 1)).error([{ message: 'no', extensions: { code: 'FORBIDDEN' } }]);
    (await nth(hub, 2)).next(frame('opening'));
    await expectTold(refused.told, ['error FORBIDDEN']);
    await expectTold(other.told, ['started', 'opening']);
  });

  test('that was left is told nothing more, and the last one takes the socket with it', async () => {
    const hub = await startHub();
    const socket = openSocket(hub.url);
    const left = follow(socket);
    const other = follow(socket);
    const first = await nth(hub, 1);
    left.leave();
    await waitFor(() => first.isLeft, { what: 'the hub to know' });
    first.next(frame('too late'));
    (await nth(hub, 2)).next(frame('opening'));
    await expectTold(other.told, ['started', 'opening']);
    expect(left.told).toEqual([]);
    other.leave();
    await waitFor(() => hub.openSockets === 0, { what: 'the socket to close' });
    follow(socket);
    await nth(hub, 3);
  });
});

describe('a socket', () => {
  test('whose token has expired comes back with another one', async () => {
    const hub = await startHub({
      accepts: (token) => (token === 'old' ? { code: 4403, reason: 'TOKEN_EXPIRED' } : null),
    });
    const { told } = follow(openSocket(hub.url, async ({ refused } = {}) => (refused === 'old' ? 'new' : 'old')));
    (await nth(hub, 1)).next(frame('opening'));
    await expectTold(told, ['started', 'opening']);
    expect(hub.tokens).toEqual(['old', 'new']);
  });

  test('comes back with another token also when a subscription hears of the expiry first', async () => {
    const hub = await startHub();
    const { told } = follow(openSocket(hub.url, async ({ refused } = {}) => (refused === 'old' ? 'new' : 'old')));
    const first = await nth(hub, 1);
    first.next(frame('opening'));
    await expectTold(told, ['started', 'opening']);
    first.next(ended('TOKEN_EXPIRED'));
    (await nth(hub, 2)).next(frame('opening again'));
    await expectTold(told, ['started', 'opening', 'interrupted TOKEN_EXPIRED', 'started', 'opening again']);
    expect(hub.tokens).toEqual(['old', 'new']);
  });

  test.each([
    { code: 4403, reason: 'SESSION_REVOKED', told: 'error SESSION_REVOKED' },
    { code: 4403, reason: 'UNAUTHENTICATED', told: 'error UNAUTHENTICATED' },
    { code: 4400, reason: 'Invalid message', told: 'error BAD_USER_INPUT' },
  ])('closed with $code $reason ends every subscription, for good', async ({ code, reason, told }) => {
    const hub = await startHub();
    const socket = openSocket(hub.url);
    const one = follow(socket);
    const other = follow(socket);
    await nth(hub, 2);
    hub.subscriptions[0]?.close(code, reason);
    await expectTold(one.told, [told]);
    await expectTold(other.told, [told]);
    expect(hub.tokens).toHaveLength(1);
  });

  test.each([
    { code: 4500, reason: 'INTERNAL' },
    { code: 1013, reason: 'UNAVAILABLE' },
    { code: 1001, reason: '' },
    { code: 1000, reason: '' },
  ])('closed with $code comes back', async ({ code, reason }) => {
    const hub = await startHub();
    follow(openSocket(hub.url));
    (await nth(hub, 1)).close(code, reason);
    await nth(hub, 2);
    expect(hub.subscriptions).toHaveLength(2);
  });

  test('that closed because nobody followed anything opens again without a pause, however often', async () => {
    const hub = await startHub();
    const socket = openSocket(hub.url);
    const timers = jest.spyOn(globalThis, 'setTimeout');
    let { told, leave } = follow(socket);
    for (const count of [1, 2, 3]) {
      (await nth(hub, count)).next(frame('opening'));
      await expectTold(told, ['started', 'opening']);
      leave();
      ({ told, leave } = follow(socket));
    }
    await nth(hub, 4);
    // Shorter ones are those of `waitFor`, longer ones those that wait for an answer.
    expect(timers.mock.calls.map(([, ms = 0]) => ms).filter((ms) => ms > 100 && ms < 10_000)).toEqual([]);
    expect(told).toEqual([]);
  });

  test('waits for a token while there is none to be had, and ends when there will be none', async () => {
    const hub = await startHub();
    let asked = 0;
    const getToken = async () => {
      asked += 1;
      if (asked < 3) throw new SyncError('NETWORK', 'offline');
      throw new SyncError('SESSION_REVOKED', 'The refresh token is not good any more');
    };
    const { told } = follow(openSocket(hub.url, getToken));
    await expectTold(told, ['error SESSION_REVOKED']);
    expect(asked).toBe(3);
  });

  test('that was closed completes its subscriptions', async () => {
    const hub = await startHub();
    const socket = openSocket(hub.url);
    const { told } = follow(socket);
    await nth(hub, 1);
    socket.close();
    expect(told).toEqual(['complete']);
    await waitFor(() => hub.openSockets === 0, { what: 'the socket to close' });
  });
});
