import type { Sink, SubscribePayload } from 'graphql-ws';
import type { GetToken } from './authorized-fetch.ts';
import { backoffMs } from './backoff.ts';
import { type Connection, openConnection, type Result } from './connection.ts';
import { startSubscription } from './start-subscription.ts';
import { SyncError, type SyncErrorCode, toSyncError } from './sync-error.ts';

export interface SyncSocketOptions {
  /** Of /graphql, as for HTTP; relative to the page in a browser. */
  readonly url: string;
  readonly getToken: GetToken;
  /** The WebSocket class where the platform has none: in Node 20 that of the package `ws`. */
  readonly webSocket?: unknown;
}

/** What happens to a subscription, besides its frames. */
export interface SyncListener {
  /**
   * The subscription has started: at first, and whenever it could not go on where it was. Each change that commits from now
   * on will come; what committed before has to be read, now and not earlier. Not called for one that goes on from a cursor.
   *
   * Frames wait until the promise that this returns has settled, so that none is applied to older rows than it was made
   * for, or overwritten by them. When it rejects, what was to be read is missing: the subscription starts again after a
   * pause if the reason may pass, and ends with it otherwise.
   */
  started?(): unknown;
  /** Until the next `started`, or frame that is `upToDate`, what the subscription has brought may be old. It comes back by itself. */
  interrupted?(why: SyncError): void;
}

/** One subscription, over all the connections that it outlives. */
interface Follower {
  readonly payload: SubscribePayload;
  readonly sink: Sink<Result>;
  readonly listener: SyncListener;
  /** Stops it on the present connection, or the wait to start it there again. */
  stop: () => void;
  /** What `started` returned last. The next `started` waits for it: clients take two equal reads at once for one. */
  reading: Promise<unknown>;
  /** How often in a row it has ended without a frame after the opening one. */
  failures: number;
  /** Of the last frame that the sink was given: where to go on. Null: begin anew. Always null without a variable `$after`. */
  cursor: string | null;
  /** The server has called a cursor of its own invalid: one more, before any was good, is the end. */
  isDistrusted: boolean;
}

/** The server cannot go on exactly where the subscription was, but it can begin anew. */
const endsCursor: ReadonlySet<SyncErrorCode> = new Set(['CURSOR_EXPIRED', 'CURSOR_INVALID']);

/** A connection that lasted so long was a good one: the next is tried at once, not after the pause that bad ones have earned. */
const steadyMs = 10_000;

/**
 * Subscriptions that live on through dropped sockets, restarts of the server and expired tokens, on one socket that is open
 * while somebody follows something.
 *
 *     idle ──subscribe──▶ token ──▶ opening ──▶ open ──the last one leaves──▶ idle
 *                           ▲          │         │
 *                           └─ backoff ┴─────────┘ lost (TOKEN_EXPIRED: on with another token)
 *
 * A session that is over, or a request that cannot succeed, ends every subscription with a SyncError. When somebody else signs
 * in, what is still followed begins anew as them, on another socket.
 *
 * A document with the variable `$after` goes on after a break where its last frame ended, so that what committed in between
 * comes, once. When the server cannot have that (CURSOR_EXPIRED), and without the variable, the subscription begins anew, and
 * `started` says so.
 *
 * @throws TypeError when `url` is none.
 */
export function createSyncSocket({ url, getToken, webSocket = globalThis.WebSocket }: SyncSocketOptions) {
  const socketUrl = new URL(url, globalThis.location?.href);
  socketUrl.protocol = socketUrl.protocol.replace('http', 'ws');

  const followers = new Set<Follower>();
  let connection: Connection | null = null;
  /** Of the connection; null while it is not open. */
  let openedAt: number | null = null;
  let isRunning = false;
  /** There was no use for the token, or the connection, any more. That is no failure. */
  let isDropped = false;
  let endWait = () => {};

  async function run(): Promise<void> {
    isRunning = true;
    let refused: string | undefined;
    let failures = 0;
    while (followers.size > 0) {
      if (isDropped) refused = undefined;
      isDropped = false;
      let token: string | undefined;
      let why: SyncError;
      try {
        token = await getToken({ refused, onLeft: changeUser });
        if (followers.size === 0) break;
        if (isDropped) continue;
        const onOpen = () => {
          openedAt = Date.now();
          for (const follower of followers) start(follower);
        };
        connection = openConnection({ url: socketUrl.href, webSocket, token, onOpen });
        why = await connection.lost;
      } catch (cause) {
        why = toSyncError(cause);
      }
      const openMs = openedAt === null ? null : Date.now() - openedAt;
      connection = null;
      openedAt = null;
      if (openMs !== null && openMs > steadyMs) failures = 0;
      refused = why.code === 'TOKEN_EXPIRED' ? token : undefined;
      if (isDropped) continue;
      if (refused === undefined && !why.passes) for (const follower of [...followers]) fail(follower, why);
      else if (openMs !== null) for (const follower of [...followers]) interrupt(follower, why);
      if (followers.size > 0) await wait(backoffMs(failures++));
    }
    isRunning = false;
  }

  function drop() {
    isDropped = true;
    connection?.close();
    connection = null;
    endWait();
  }

  /** What is still followed begins anew as whoever is signed in now; if nobody is, the next token is none, and ends it. */
  function changeUser(why: SyncError) {
    const wasOpen = connection !== null && openedAt !== null;
    drop();
    for (const follower of [...followers]) {
      follower.stop();
      follower.cursor = null;
      if (wasOpen) interrupt(follower, why);
    }
  }

  function start(follower: Follower): void {
    follower.stop();
    if (connection === null || openedAt === null) return;
    const { payload, sink, listener, cursor } = follower;
    const stop = startSubscription(connection, resumed(payload, cursor), {
      async started() {
        if (cursor !== null) return;
        const read = async () => follower.stop === stop && (await listener.started?.());
        follower.reading = follower.reading.then(read, read);
        await follower.reading;
      },
      next(frame, isOpening) {
        if (!isOpening) follower.failures = 0;
        if (cursor !== null) follower.isDistrusted = false;
        call(follower, () => sink.next(frame));
        if (takesCursor(payload)) follower.cursor = cursorOf(frame) ?? follower.cursor;
      },
      ended: (why) => restart(follower, why),
      complete: () => complete(follower),
    });
    follower.stop = stop;
  }

  function restart(follower: Follower, why: SyncError) {
    // The subscription heard it before the socket was closed: another connection, with another token, starts it again.
    if (why.code === 'TOKEN_EXPIRED') return connection?.close(why);
    const isSecondInvalid = why.code === 'CURSOR_INVALID' && (follower.cursor === null || follower.isDistrusted);
    if (isSecondInvalid || !(why.passes || why.code === 'SLOW_CONSUMER' || endsCursor.has(why.code)))
      return fail(follower, why);
    if (why.code === 'CURSOR_INVALID') follower.isDistrusted = true;
    if (endsCursor.has(why.code)) follower.cursor = null;
    follower.stop();
    interrupt(follower, why);
    if (!followers.has(follower)) return;
    const timer = setTimeout(() => start(follower), backoffMs(follower.failures++));
    follower.stop = () => clearTimeout(timer);
  }

  /** Runs a callback of the app's. What it throws ends this subscription alone: the socket and the others are no part of it. */
  function call(follower: Follower, callback: () => void) {
    try {
      callback();
    } catch (cause) {
      if (!followers.has(follower)) return throwLater(cause);
      fail(follower, new SyncError('INTERNAL', `A callback of this subscription threw ${cause}`, { cause }));
    }
  }

  function interrupt(follower: Follower, why: SyncError) {
    call(follower, () => follower.listener.interrupted?.(why));
  }

  function fail(follower: Follower, why: SyncError) {
    end(follower, () => follower.sink.error(why));
  }

  function complete(follower: Follower) {
    end(follower, () => follower.sink.complete());
  }

  function end(follower: Follower, tell: () => void) {
    if (!followers.has(follower)) return;
    leave(follower);
    call(follower, tell);
  }

  function leave(follower: Follower) {
    follower.stop();
    follower.stop = () => {};
    if (followers.delete(follower) && followers.size === 0) drop();
  }

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    /**
     * Follows until it is left; shaped as urql's `subscriptionExchange` and Apollo's links want it.
     *
     * A callback that throws ends its subscription with INTERNAL, and what it threw as the cause.
     *
     * @param listener  told what else happens to this subscription, until it is left or ends.
     * @returns how to leave.
     * @throws TypeError when there is no WebSocket class.
     */
    subscribe(payload: SubscribePayload, sink: Sink<Result>, listener: SyncListener = {}): () => void {
      if (webSocket === undefined) throw new TypeError('There is no WebSocket here: pass that of the package `ws`');
      const follower: Follower = {
        payload,
        sink,
        listener,
        stop() {},
        reading: Promise.resolve(),
        failures: 0,
        cursor:
          takesCursor(payload) && typeof payload.variables?.['after'] === 'string' ? payload.variables['after'] : null,
        isDistrusted: false,
      };
      followers.add(follower);
      if (isRunning) start(follower);
      else void run();
      return () => leave(follower);
    },
    /** Completes every subscription and closes the socket. */
    close() {
      for (const follower of [...followers]) complete(follower);
    },
  };
}
export type SyncSocket = ReturnType<typeof createSyncSocket>;

/** For what a callback throws when its subscription is over: the platform is told, as of any other bug in the app. */
function throwLater(cause: unknown) {
  queueMicrotask(() => {
    throw cause;
  });
}

function takesCursor({ query }: SubscribePayload): boolean {
  return /\$after\b/.test(query);
}

function resumed(payload: SubscribePayload, cursor: string | null): SubscribePayload {
  return takesCursor(payload) ? { ...payload, variables: { ...payload.variables, after: cursor } } : payload;
}

/** Every frame of the hub has one, in its only field. */
function cursorOf({ data }: Result): string | null {
  const [frame] = Object.values(data ?? {});
  if (typeof frame !== 'object' || frame === null || !('cursor' in frame)) return null;
  return typeof frame.cursor === 'string' ? frame.cursor : null;
}
