/**
 * The limit of any fan-out through `ws`: the same string, made beforehand, to every socket. Nobody signs in, nothing is
 * parsed, no event comes from anywhere.
 */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { onMessage, serve } from '../serve.ts';

export interface Broadcast {
  readonly text: string;
  /** All of them in one tick. */
  readonly times: number;
}

const server = createServer();
const webSockets = new WebSocketServer({ server, perMessageDeflate: false });
onMessage((message: Broadcast | { readonly collect: true }) => {
  if ('collect' in message) {
    // What the first collection finalises, the second one frees.
    for (const _ of ['first', 'second']) globalThis.gc?.();
    return { collected: true };
  }
  const { text, times } = message;
  for (let time = 0; time < times; time++) for (const socket of webSockets.clients) socket.send(text);
  return undefined;
});
await serve(server);
