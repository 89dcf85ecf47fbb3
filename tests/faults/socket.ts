import { WebSocket } from 'ws';

/** What a subscription is told, in the words of the graphql-transport-ws protocol. */
export interface Listener {
  next(payload: unknown): void;
  /** The operation has ended: with the codes of its errors, or with none. */
  end(errors: readonly SeenError[]): void;
  /** The socket has: with the code and the reason of its close. */
  closed(code: number, reason: string): void;
}

export interface SeenError {
  readonly code: string;
  readonly message: string;
  /** Where it says from where to go on. */
  readonly cursor: string | undefined;
}

/** One subscription over a socket of its own. Nothing is retried, nothing hidden. */
export interface Subscription {
  /** Ends it without a word, as a client does whose network is gone. */
  drop(): void;
}

/** Pings so often, and gives up when so many in a row brought nothing back: the only way to notice a black hole. */
const PING_MS = 1_000;
const LOST_PINGS = 5;

/** So long a frame may have been under way: then the client has given up. */
export const HELD_UP_MS = (LOST_PINGS + 1) * PING_MS;

/** @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
export function subscribe(
  { url, token, query, variables }: { url: string; token: string; query: string; variables: object },
  listener: Listener,
): Subscription {
  const socket = new WebSocket(url, 'graphql-transport-ws', { perMessageDeflate: false });
  // Pings are counted, not seconds: while the judge is at work, this process hears nothing of what has long arrived.
  let lostPings = 0;
  const send = (message: object) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };
  const pinging = setInterval(() => {
    if (lostPings >= LOST_PINGS) socket.terminate();
    lostPings += 1;
    send({ type: 'ping' });
  }, PING_MS);
  socket.on('open', () => send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  socket.on('message', (bytes) => {
    lostPings = 0;
    const { type, payload } = JSON.parse(String(bytes)) as { type: string; payload?: unknown };
    if (type === 'connection_ack') send({ id: '1', type: 'subscribe', payload: { query, variables } });
    else if (type === 'ping') send({ type: 'pong' });
    else if (type === 'next') listener.next(payload);
    else if (type === 'error') listener.end(readErrors(payload));
    else if (type === 'complete') listener.end([]);
  });
  socket.on('error', () => {}); // 'close' follows
  socket.on('close', (code, reason) => {
    clearInterval(pinging);
    listener.closed(code, reason.toString());
  });
  return { drop: () => socket.terminate() };
}

/** Each error that GraphQL gave. */
export function readErrors(payload: unknown): SeenError[] {
  const errors = (Array.isArray(payload) ? payload : []) as {
    message: string;
    extensions?: { code?: string; cursor?: string };
  }[];
  return errors.map(({ message, extensions }) => ({
    code: extensions?.code ?? `without a code: ${message}`,
    message,
    cursor: extensions?.cursor,
  }));
}
