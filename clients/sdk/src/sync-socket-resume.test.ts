import { afterEach, describe, expect, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import WebSocket from 'ws';
import type { Result } from './connection.ts';
import { SyncError } from './sync-error.ts';
import { createSyncSocket, type SyncSocket } from './sync-socket.ts';
import { type FakeHub, type FakeSubscription, startFakeHub } from './testing/fake-hub.ts';

const closes: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0).reverse()) await close();
});

async function startHub(): Promise<FakeHub> {
  const hub = await startFakeHub();
  closes.push(() => hub.close());
  return hub;
}

function openSocket(url: string): SyncSocket {
  const socket = createSyncSocket({ url, getToken: async () => 'good', webSocket: WebSocket });
  closes.push(() => socket.close());
  return socket;
}

/** The nth subscription that the hub has ever met, from 1. */
function nth(hub: FakeHub, count: number): Promise<FakeSubscription> {
  return waitFor(() => hub.subscriptions[count - 1], { what: `subscription ${count}` });
}

const ended = (code: string) => ({ data: null, errors: [{ message: 'no', extensions: { code } }] });

async function expectTold(told: readonly string[], expected: readonly string[]) {
  await waitFor(() => told.length >= expected.length, { what: expected.join(', ') });
  expect(told).toEqual(expected);
}

describe('a subscription with a cursor', () => {
  const payload = { query: 'subscription ($after: SyncCursor) { frames(after: $after) { cursor } }' };
  const at = (cursor: string) => ({ data: { frames: { cursor } } });
  function followFrom(socket: SyncSocket) {
    const told: string[] = [];
    const sink = {
      next: ({ data }: Result) => told.push(String(Object(data?.['frames']).cursor)),
      error: (error: unknown) => told.push(`error ${error instanceof SyncError ? error.code : error}`),
      complete: () => told.push('complete'),
    };
    socket.subscribe(payload, sink, {
      started: () => told.push('started'),
      interrupted: ({ code }) => told.push(`interrupted ${code}`),
    });
    return told;
  }

  test('goes on where its last frame ended when its socket was lost, without reading again', async () => {
    const hub = await startHub();
    const told = followFrom(openSocket(hub.url));
    const first = await nth(hub, 1);
    first.next(at('a'));
    first.next(at('b'));
    await expectTold(told, ['started', 'a', 'b']);
    first.close(1012, 'server restarts');
    const second = await nth(hub, 2);
    second.next(at('c'));
    await expectTold(told, ['started', 'a', 'b', 'interrupted NETWORK', 'c']);
    expect([first.variables['after'] ?? null, second.variables['after']]).toEqual([null, 'b']);
  });

  test.each(['SLOW_CONSUMER', 'UNAVAILABLE', 'TOKEN_EXPIRED'])('goes on where it was after %s', async (code) => {
    const hub = await startHub();
    const told = followFrom(openSocket(hub.url));
    const first = await nth(hub, 1);
    first.next(at('a'));
    await expectTold(told, ['started', 'a']);
    first.next(ended(code));
    const second = await nth(hub, 2);
    second.next(at('b'));
    await expectTold(told, ['started', 'a', `interrupted ${code}`, 'b']);
    expect(second.variables['after']).toBe('a');
  });

  test.each(['CURSOR_EXPIRED', 'CURSOR_INVALID'])(
    'begins anew after %s, and says that all is to be read',
    async (code) => {
      const hub = await startHub();
      const told = followFrom(openSocket(hub.url));
      const first = await nth(hub, 1);
      first.next(at('a'));
      await expectTold(told, ['started', 'a']);
      first.next(ended(code));
      const second = await nth(hub, 2);
      second.next(at('b'));
      await expectTold(told, ['started', 'a', `interrupted ${code}`, 'started', 'b']);
      expect(second.variables['after']).toBeNull();
    },
  );

  const lacking = (cursor: string, code: string) => ({
    ...at(cursor),
    errors: [{ message: 'no', extensions: { code } }],
  });

  test('does not take a frame with errors beside its data, and reads it again', async () => {
    const hub = await startHub();
    const told = followFrom(openSocket(hub.url));
    const first = await nth(hub, 1);
    first.next(at('a'));
    await expectTold(told, ['started', 'a']);
    first.next(lacking('b', 'UNAVAILABLE'));
    first.next(at('c'));
    const second = await nth(hub, 2);
    second.next(at('b'));
    await expectTold(told, ['started', 'a', 'interrupted UNAVAILABLE', 'b']);
    expect(second.variables['after']).toBe('a');
  });

  test('ends with a frame whose errors do not pass', async () => {
    const hub = await startHub();
    const told = followFrom(openSocket(hub.url));
    const first = await nth(hub, 1);
    first.next(at('a'));
    await expectTold(told, ['started', 'a']);
    first.next(lacking('b', 'INTERNAL'));
    await expectTold(told, ['started', 'a', 'error INTERNAL']);
  });

  test('ends when a second cursor is called invalid before any was good', async () => {
    const hub = await startHub();
    const told = followFrom(openSocket(hub.url));
    for (const [count, cursor] of [
      [1, 'a'],
      [2, 'b'],
    ] as const) {
      const subscription = await nth(hub, count);
      subscription.next(at(cursor));
      await waitFor(() => told.includes(cursor), { what: cursor });
      subscription.next(ended('CURSOR_INVALID'));
    }
    await expectTold(told, ['started', 'a', 'interrupted CURSOR_INVALID', 'started', 'b', 'error CURSOR_INVALID']);
  });
});
