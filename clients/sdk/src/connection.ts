import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import { createClient, type Sink, type SubscribePayload } from 'graphql-ws';
import { SyncError, toSyncError } from './sync-error.ts';

export interface ConnectionOptions {
  /** ws: or wss: */
  readonly url: string;
  readonly webSocket: unknown;
  readonly token: string;
  /** The server has accepted the token: subscriptions may begin. */
  readonly onOpen: (connection: Connection) => void;
}

/** What one message of a subscription brings, typed so that urql and Apollo both take it. (Its errors are plain objects.) */
export interface Result {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly (GraphQLError & GraphQLFormattedError)[];
}

/** One WebSocket, from its token to its end. It does not come back. */
export interface Connection {
  /** @returns how to leave. Nothing reaches the sink after that, nor after the connection is lost. */
  subscribe(payload: SubscribePayload, sink: Sink<Result>): () => void;
  /** Resolves with the reason at the end, whoever made it. */
  readonly lost: Promise<SyncError>;
  /** @param why  what `lost` shall say. */
  close(why?: SyncError): void;
}

/** A socket that does not open, or does not answer a ping, within this time is dead. */
const answerMs = 10_000;
/** Silence before a ping; often enough that no proxy takes the socket for idle. */
const silenceMs = 10_000;

/** Speaks graphql-transport-ws over one socket. (graphql-ws would reconnect by itself; that is decided in `sync-socket.ts` alone.) */
export function openConnection({ url, webSocket, token, onOpen }: ConnectionOptions): Connection {
  let isLost = false;
  let tellLost: (why: SyncError) => void = () => {};
  const lost = new Promise<SyncError>((resolve) => {
    tellLost = resolve;
  });
  const client = createClient({
    url,
    webSocketImpl: webSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    lazy: false,
    retryAttempts: 0,
    keepAlive: silenceMs,
    onNonLazyError() {}, // 'closed' tells the same
    on: {
      connected() {
        clearTimeout(deadline);
        if (!isLost) onOpen(connection);
      },
      ping(isReceived) {
        if (!isReceived) deadline = expectAnswer();
      },
      pong(isReceived) {
        if (isReceived) clearTimeout(deadline);
      },
      closed: (event) => lose(toSyncError(event)),
    },
  });
  let deadline = expectAnswer();

  function expectAnswer() {
    return setTimeout(() => lose(new SyncError('NETWORK', `No answer within ${answerMs} ms`)), answerMs);
  }

  function lose(why: SyncError) {
    isLost = true;
    clearTimeout(deadline);
    tellLost(why);
    // Not `terminate`: on a socket that is still opening it makes `ws` throw where nobody can catch. This rejects with the
    // close of a socket that never opened, which has been told.
    Promise.resolve(client.dispose()).catch(() => {});
  }

  const connection: Connection = {
    lost,
    close: (why = new SyncError('NETWORK', 'The connection was closed here')) => lose(why),
    subscribe(payload, sink) {
      let isOver = false;
      const isDeaf = () => isOver || isLost;
      const leave = client.subscribe<Record<string, unknown>>(payload, {
        next: (result) => isDeaf() || sink.next(result as Result),
        error: (cause) => isDeaf() || sink.error(cause),
        complete: () => isDeaf() || sink.complete(),
      });
      return () => {
        isOver = true;
        // Not at once: when the server's `complete` came in the same packet as what made us leave, graphql-ws would count one
        // subscription as two, and close the socket under the others.
        queueMicrotask(leave);
      };
    },
  };
  return connection;
}
