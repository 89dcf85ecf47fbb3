import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { createAuthorizedFetch, type GetToken } from './authorized-fetch.ts';
import type { Result } from './connection.ts';
import { type Endpoint, postOperation } from './post-operation.ts';
import type { SyncError } from './sync-error.ts';
import { createSyncSocket } from './sync-socket.ts';
import { collectRows, type RowOf, type RowsObserver, type WatchOf } from './watched-rows.ts';

export interface SyncClientOptions extends Endpoint {
  /** Of a session, or of your own. */
  readonly getToken: GetToken;
  /** The WebSocket class where the platform has none: in Node 20 that of the package `ws`. */
  readonly webSocket?: unknown;
}

export interface Observer<Data> {
  /** Changes come from now on: read what there is. Called at first, and when it cannot be resumed; `next` waits (see `SyncListener`). */
  started?(): unknown;
  /** One frame. Without changes and not `upToDate`: the log stands still, and what is on screen may be old until one that is. */
  next(data: Data): void;
  /** What has come may be old until a frame is `upToDate`, or `started` is called again; nothing is to be done. */
  interrupted?(why: SyncError): void;
  /** The end. With `endsSession` it helps to sign in again. */
  error(error: SyncError): void;
  /** The end, without a reason. */
  complete?(): void;
}

/** Everything a program needs of the hub: typed requests, and subscriptions that live on. */
export function createSyncClient({ url, fetch, getToken, webSocket }: SyncClientOptions) {
  const endpoint = { url, fetch: createAuthorizedFetch(getToken, fetch) };
  const socket = createSyncSocket({ url, getToken, webSocket });

  function subscribe<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    observer: Observer<Data>,
  ): () => void {
    const sink = {
      next: ({ data }: Result) => observer.next(data as Data),
      error: (error: unknown) => observer.error(error as SyncError),
      complete: () => observer.complete?.(),
    };
    return socket.subscribe({ query: print(document), variables }, sink, observer);
  }

  return {
    /** @throws SyncError. Errors in a result union are no exception: see `payloadOf`. */
    request<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data> {
      return postOperation(endpoint, document, variables);
    },
    /**
     * Follows a subscription until it is left, or ends with `error` or `complete`. With a variable `$after` in the document
     * it goes on after a break where it was: each change comes once. A callback that throws ends it with INTERNAL, and what
     * it threw as the cause. @returns how to leave.
     */
    subscribe,
    /**
     * Holds the rows that a `watch…` document asks for, as they are, until it is left or ends. With a variable `$after` in the
     * document only what was missed is sent after a break. @returns how to leave.
     */
    watch<Data extends WatchOf<Data>, Variables extends Record<string, unknown>>(
      document: TypedDocumentNode<Data, Variables>,
      variables: Variables,
      observer: RowsObserver<RowOf<Data>>,
    ): () => void {
      return subscribe(document, variables, collectRows<Data>(observer));
    },
    /** Completes every subscription and closes the socket. */
    close: () => socket.close(),
  };
}
export type SyncClient = ReturnType<typeof createSyncClient>;
