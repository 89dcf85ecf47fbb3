import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** A subscription that a client has made. */
export interface FakeSubscription {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  next(payload: unknown): void;
  error(errors: readonly unknown[]): void;
  complete(): void;
  /** Closes its socket. */
  close(code: number, reason: string): void;
  /** Whether the client has left. */
  readonly isLeft: boolean;
}

export interface FakeHub {
  readonly url: string;
  /** The tokens that sockets have opened with, in order. */
  readonly tokens: readonly string[];
  /** All that were ever made, in order. */
  readonly subscriptions: readonly FakeSubscription[];
  readonly openSockets: number;
  close(): Promise<void>;
}

/** Speaks just enough graphql-transport-ws to fail in every way that the real hub rarely does. */
export async function startFakeHub({
  accepts = () => null,
}: {
  /** Why a token is refused: the code and reason of the close; null when it is not. */
  readonly accepts?: (token: string) => { readonly code: number; readonly reason: string } | null;
} = {}): Promise<FakeHub> {
  const tokens: string[] = [];
  const subscriptions: FakeSubscription[] = [];
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'graphql-transport-ws' });
  await new Promise((resolve) => server.once('listening', resolve));

  server.on('connection', (socket) => {
    const left = new Set<string>();
    socket.on('message', (data) => {
      const { type, id, payload } = JSON.parse(String(data));
      if (type === 'connection_init') {
        const token = String(payload.authorization).replace('Bearer ', '');
        tokens.push(token);
        const refusal = accepts(token);
        if (refusal === null) send(socket, { type: 'connection_ack' });
        else socket.close(refusal.code, refusal.reason);
      }
      if (type === 'subscribe') subscriptions.push(subscription(socket, id, payload, left));
      if (type === 'complete') left.add(id);
      if (type === 'ping') send(socket, { type: 'pong' });
    });
  });

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    tokens,
    subscriptions,
    get openSockets() {
      return server.clients.size;
    },
    async close() {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function subscription(
  socket: WebSocket,
  id: string,
  { query, variables = {} }: Pick<FakeSubscription, 'query' | 'variables'>,
  left: ReadonlySet<string>,
): FakeSubscription {
  return {
    query,
    variables,
    next: (payload) => send(socket, { type: 'next', id, payload }),
    error: (payload) => send(socket, { type: 'error', id, payload }),
    complete: () => send(socket, { type: 'complete', id }),
    close: (code, reason) => socket.close(code, reason),
    get isLeft() {
      return left.has(id);
    },
  };
}

function send(socket: WebSocket, message: object) {
  socket.send(JSON.stringify(message));
}
