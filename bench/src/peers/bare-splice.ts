/**
 * The least that a hub could do: a NOTIFY's payload is spliced into a frame for each subscriber. No GraphQL, no rights, no
 * log, no order beyond what NOTIFY has; who is not connected has missed it. It writes as we do: what comes in one tick goes
 * to each socket in one system call.
 */
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { readSettings, serve } from '../serve.ts';
import { listenToTasks } from './notified-tasks.ts';

interface Subscriber {
  readonly webSocket: WebSocket;
  readonly socket: Socket;
  readonly id: string;
}

const feed = readSettings<{ databaseUrl: string; channel: string }>();
const server = createServer();
const webSockets = new WebSocketServer({ server, perMessageDeflate: false });
const subscribers = new Set<Subscriber>();
let payloads: string[] = [];

webSockets.on('connection', (webSocket, { socket }) => {
  webSocket.on('message', (data) => {
    const { type, id } = JSON.parse(String(data)) as { type: string; id?: string };
    if (type === 'connection_init') webSocket.send('{"type":"connection_ack"}');
    if (type !== 'subscribe' || id === undefined) return;
    const subscriber = { webSocket, socket, id };
    subscribers.add(subscriber);
    webSocket.once('close', () => subscribers.delete(subscriber));
  });
});

await listenToTasks(feed, (payload) => {
  if (payloads.length === 0) setImmediate(flush);
  payloads.push(payload);
});

function flush() {
  const tails = payloads.map((payload) => `","type":"next","payload":{"data":{"taskChanged":${payload}}}}`);
  payloads = [];
  for (const { webSocket, socket, id } of subscribers) {
    socket.cork();
    for (const tail of tails) webSocket.send(`{"id":"${id}${tail}`);
    socket.uncork();
  }
}

await serve(server);
