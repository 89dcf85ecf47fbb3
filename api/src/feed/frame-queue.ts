import type { GraphQLError } from 'graphql';
import { type Backlog, closeShare, countIn, countOut, endShare, isFull, openShare, roomIn } from './backlog.ts';
import type { Frame } from './frame.ts';
import type { SharedBundle, SharedFrame } from './shared-frame.ts';

/** What a subscription yields: frames, and at its end perhaps the reason why it ended. */
export type FrameEvent = { readonly frame: Frame } | { readonly error: GraphQLError };

/** Frames on their way to one subscriber. They arrive in the order in which they were pushed, whichever way. */
export interface FrameQueue extends AsyncIterableIterator<FrameEvent> {
  /**
   * @param goesOn  it is a further piece of a transaction whose first piece was taken: it is taken, too. So a client is slow by
   *   what it left unread before a transaction, not by the size of one, and the bound may be passed by one transaction.
   * @returns false when the client's backlog is full; the frame is then not taken.
   */
  push(frame: Frame, bytes: number, goesOn?: boolean): boolean;
  /**
   * The same of frames that a whole group is told.
   *
   * @param standing  this subscription's own part of the cursor.
   * @returns how many were taken, from the first on.
   */
  share(bundle: SharedBundle, standing: string): number;
  /**
   * Has a frame of its group executed for all, unless it is already; `onText` is called when that is done, perhaps at once.
   *
   * @returns false when its frames are executed for it alone.
   */
  execute(shared: SharedFrame, onText: () => void): boolean;
  /**
   * It is told nothing with a group any more. What was not executed yet, or is about to be, is executed for it alone: what else is
   * read for that is what its viewer may read by then.
   */
  leaveGroup(): void;
  /** What is not executed yet, and all that comes after it, is not told: its client comes back with the cursor of what was. */
  dropUnexecuted(): void;
  /**
   * Waits until the client has taken most of what was pushed, so that what a subscription has to catch up on never fills the
   * backlog.
   *
   * @returns false when the client took nothing for `patienceMs`.
   */
  room(): Promise<boolean>;
  /** Ends the subscription after the frames that wait, with `error` when there is one. */
  end(error?: GraphQLError): void;
}

/** Whose queue it is. */
export interface QueueOwner {
  /** Called once, when nothing more can be delivered: the reader left, or has read the end. */
  end(): void;
}

export type OpenQueue = (owner: QueueOwner) => FrameQueue;

/**
 * A queue that its reader empties, frame by frame. It ends at once when its reader leaves and never yields after that. (An async
 * generator would: graphql-ws was seen to send one more `next` after `complete`.)
 *
 * @throws TOO_MANY_SUBSCRIPTIONS
 */
export function createFrameQueue(backlog: Backlog, owner: QueueOwner): FrameQueue {
  const share = openShare(backlog);
  const waiting: { event: FrameEvent; bytes: number }[] = [];
  let reader: ((result: IteratorResult<FrameEvent, undefined>) => void) | null = null;
  let ended = false;
  let closed = false;

  function close() {
    if (closed) return;
    closed = true;
    ended = true;
    waiting.length = 0;
    closeShare(share);
    reader?.({ value: undefined, done: true });
    reader = null;
    owner.end();
  }
  function give(event: FrameEvent, bytes: number) {
    if (reader === null) {
      if ('frame' in event) countIn(share, bytes);
      waiting.push({ event, bytes });
    } else {
      const resolve = reader;
      reader = null;
      resolve({ value: event, done: false });
    }
  }
  function push(frame: Frame, bytes: number, goesOn = false): boolean {
    if (ended) return true;
    if (reader === null && !goesOn && isFull(share, bytes)) return false;
    give({ frame }, bytes);
    return true;
  }

  return {
    push,
    share({ frames }, standing) {
      const refused = frames.findIndex(({ frameOf, bytes, goesOn }) => !push(frameOf(standing), bytes, goesOn));
      return refused < 0 ? frames.length : refused;
    },
    execute: () => false,
    // Each of its frames is its own.
    leaveGroup() {},
    dropUnexecuted() {},
    room: () => roomIn(share),
    end(error) {
      if (ended) return;
      ended = true;
      if (error !== undefined) give({ error }, 0);
      else if (waiting.length === 0) close();
      endShare(share);
    },
    next() {
      const first = waiting.shift();
      if (first !== undefined) {
        if ('frame' in first.event) countOut(share, first.bytes);
        return Promise.resolve({ value: first.event, done: false });
      }
      if (ended) {
        close();
        return Promise.resolve({ value: undefined, done: true });
      }
      return new Promise((resolve) => {
        reader = resolve;
      });
    },
    return() {
      close();
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
