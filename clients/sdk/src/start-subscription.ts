import type { SubscribePayload } from 'graphql-ws';
import type { Connection, Result } from './connection.ts';
import { type SyncError, toSyncError } from './sync-error.ts';

/** What one start of a subscription tells. */
export interface StartObserver {
  /** The opening frame has come. Frames wait until this has settled; when it rejects, `ended` is told why. */
  started(): Promise<unknown>;
  /** Frames in order, the opening one first. */
  next(frame: Result, isOpening: boolean): void;
  /** The end, with its reason. Nothing is told after it. */
  ended(why: SyncError): void;
  /** The end, without a reason. Nothing is told after it. */
  complete(): void;
}

/** Starts a subscription on a connection, for as long as that lasts. @returns how to stop it; nothing is told after that. */
export function startSubscription(
  connection: Connection,
  payload: SubscribePayload,
  observer: StartObserver,
): () => void {
  let isStopped = false;
  /** Frames that wait for `started`; undefined before the opening one, null once they are through. */
  let waiting: Result[] | null | undefined;

  const unsubscribe = connection.subscribe(payload, {
    next(result) {
      // The last result of a subscription that ends with a reason is that reason. A frame with errors beside its data lacks
      // something: it is not taken, so that going on from the cursor before it brings it again, whole.
      if (result.errors !== undefined) end(result.errors);
      else if (waiting === null) observer.next(result, false);
      else if (waiting !== undefined) waiting.push(result);
      else {
        waiting = [result];
        observer.started().then(release, end);
      }
    },
    error: end,
    complete() {
      stop();
      observer.complete();
    },
  });

  function release() {
    const frames = waiting ?? [];
    waiting = null;
    for (const [index, frame] of frames.entries()) {
      if (isStopped) return;
      observer.next(frame, index === 0);
    }
  }

  function end(cause: unknown) {
    if (isStopped) return;
    stop();
    observer.ended(toSyncError(cause));
  }

  function stop() {
    isStopped = true;
    unsubscribe();
  }
  return stop;
}
