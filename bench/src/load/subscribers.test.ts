import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import { WebSocketServer } from 'ws';
import { EVENT_MARK, openSubscribers, type Subscribers } from './subscribers.ts';

let server: WebSocketServer;
let subscribers: Subscribers | null = null;

afterEach(async () => {
  subscribers?.close();
  server.close();
  await once(server, 'close');
});

test('a client is up to date with its last event, as it is with a frame that has none', async () => {
  const frame = (rest: string) => `{"type":"next","payload":{${rest}}}`;
  subscribers = await subscribe([
    [frame(`"upToDate":false,"title":"${EVENT_MARK} 1"`), frame(`"upToDate":true,"title":"${EVENT_MARK} 2"`)],
    [frame(`"upToDate":false,"title":"${EVENT_MARK} 1"`), frame('"upToDate":true')],
    [frame(`"upToDate":false,"title":"${EVENT_MARK} 1"`), frame('"upToDate":false')],
  ]);
  await waitFor(() => subscribers?.messages() === 6, { what: 'all messages' });
  expect(subscribers.upToDate()).toBe(2);
  expect([...subscribers.counts]).toEqual([2, 1, 1]);
});

test('events are counted wherever they have their mark, and nothing else is, whatever comes with it in one read', async () => {
  const event = (before: number) => `{"type":"next","before":"${'x'.repeat(before)}","title":"${EVENT_MARK} 1"}`;
  const quiet = (length: number) => `{"type":"next","no":"${'x'.repeat(length)}"}`;
  const mixed = [event(0), quiet(200), event(40), event(40), quiet(0), event(0), quiet(3), quiet(60), event(300), '{}'];
  subscribers = await subscribe([mixed, mixed.toReversed()]);
  await waitFor(() => subscribers?.messages() === 2 * mixed.length, { what: 'all messages' });
  expect([...subscribers.counts]).toEqual([5, 5]);
});

/** A server that answers the subscription of each client with the next of these lists. */
async function subscribe(answers: readonly (readonly string[])[]): Promise<Subscribers> {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  let clients = 0;
  server.on('connection', (socket) => {
    const frames = answers[clients++] ?? [];
    socket.on('message', (data) => {
      if (String(data).includes('connection_init')) socket.send('{"type":"connection_ack"}');
      else for (const text of frames) socket.send(text);
    });
  });
  return openSubscribers({
    name: 'a server of the test',
    port: (server.address() as AddressInfo).port,
    sockets: answers.length,
    connectionParams: {},
    subscriptionsOf: () => [{ query: 'subscription { changes { upToDate } }', variables: {} }],
    atOnce: 1,
  });
}
