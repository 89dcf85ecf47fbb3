/**
 * The limit of any fan-out through `ws`: the same string, made beforehand, to every socket. Nobody signs in, nothing is
 * parsed, no event comes from anywhere.
 */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { onMessage, serve } from './serve.ts';

export interface Broadcast {
  readonly text: string;
  /** All of them in one tick. */
  readonly times: number;
}

const server = createServer();
const webSockets = new WebSocketServer({ server, perMessageDeflate: false });
onMessage(({ text, times }: Broadcast) => {
  for (let time = 0; time < times; time++) for (const socket of webSockets.clients) socket.send(text);
});
await serve(server);
