import type { GraphQLError } from 'graphql';
import { codedError } from '../errors.ts';
import type { Frame } from './frame.ts';

/** What a subscription yields: frames, and at its end perhaps the reason why it ended. */
export type FrameEvent = { readonly frame: Frame } | { readonly error: GraphQLError };

/** What one client holds open and has left unread, over all subscriptions of its socket. */
export interface Backlog {
  readonly bounds: BacklogBounds;
  subscriptions: number;
  frames: number;
  bytes: number;
}

export interface BacklogBounds {
  readonly maxSubscriptions: number;
  readonly maxFrames: number;
  readonly maxBytes: number;
}

export function createBacklog(bounds: BacklogBounds): Backlog {
  return { bounds, subscriptions: 0, frames: 0, bytes: 0 };
}

/** Frames on their way to one subscriber. */
export interface FrameQueue extends AsyncIterableIterator<FrameEvent> {
  /**
   * @param goesOn  it is a further piece of a transaction whose first piece was taken: it is taken, too. So a client is slow by
   *   what it left unread before a transaction, not by the size of one, and the bound may be passed by one transaction.
   * @returns false when the client's backlog is full; the frame is then not taken.
   */
  push(frame: Frame, bytes: number, goesOn?: boolean): boolean;
  /** Ends the subscription after the frames that wait, with `error` when there is one. */
  end(error?: GraphQLError): void;
}

/**
 * A queue that ends at once when its reader leaves and never yields after that. (An async generator would: graphql-ws was
 * seen to send one more `next` after `complete`.)
 *
 * @throws TOO_MANY_SUBSCRIPTIONS
 * @param onClose  runs once, when nothing more can be delivered: the reader left, or has read the end.
 */
export function createFrameQueue(backlog: Backlog, onClose: () => void): FrameQueue {
  const { maxSubscriptions } = backlog.bounds;
  if (backlog.subscriptions >= maxSubscriptions) {
    const message = `This client has ${maxSubscriptions} subscriptions already. End some, or open another socket.`;
    throw codedError('TOO_MANY_SUBSCRIPTIONS', message);
  }
  backlog.subscriptions += 1;
  const waiting: { event: FrameEvent; bytes: number }[] = [];
  let reader: ((result: IteratorResult<FrameEvent, undefined>) => void) | null = null;
  let ended = false;
  let closed = false;

  function close() {
    if (closed) return;
    closed = true;
    ended = true;
    backlog.subscriptions -= 1;
    for (const { event, bytes } of waiting) settle(event, bytes);
    waiting.length = 0;
    reader?.({ value: undefined, done: true });
    reader = null;
    onClose();
  }
  function settle(event: FrameEvent, bytes: number) {
    if ('error' in event) return;
    backlog.frames -= 1;
    backlog.bytes -= bytes;
  }
  function give(event: FrameEvent, bytes: number) {
    if (reader === null) {
      if ('frame' in event) {
        backlog.frames += 1;
        backlog.bytes += bytes;
      }
      waiting.push({ event, bytes });
    } else {
      const resolve = reader;
      reader = null;
      resolve({ value: event, done: false });
    }
  }

  return {
    push(frame, bytes, goesOn = false) {
      if (ended) return true;
      const { bounds } = backlog;
      const isFull =
        backlog.frames >= bounds.maxFrames || (backlog.frames > 0 && backlog.bytes + bytes > bounds.maxBytes);
      if (reader === null && !goesOn && isFull) return false;
      give({ frame }, bytes);
      return true;
    },
    end(error) {
      if (ended) return;
      ended = true;
      if (error !== undefined) give({ error }, 0);
      else if (waiting.length === 0) close();
    },
    next() {
      const first = waiting.shift();
      if (first !== undefined) {
        settle(first.event, first.bytes);
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
