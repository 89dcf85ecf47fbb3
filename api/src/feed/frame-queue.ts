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
  /** Called whenever the client has taken a frame. */
  readonly waiting: Set<() => void>;
}

/** Of one socket, and of one subscription on it. */
export interface BacklogBounds {
  readonly maxSubscriptions: number;
  readonly maxFrames: number;
  readonly maxBytes: number;
  readonly maxSubscriptionFrames: number;
  readonly maxSubscriptionBytes: number;
  /** A subscription that has something to catch up on waits so long for a client that takes nothing. */
  readonly patienceMs: number;
}

export function createBacklog(bounds: BacklogBounds): Backlog {
  return { bounds, subscriptions: 0, frames: 0, bytes: 0, waiting: new Set() };
}

/** Frames on their way to one subscriber. */
export interface FrameQueue extends AsyncIterableIterator<FrameEvent> {
  /**
   * @param goesOn  it is a further piece of a transaction whose first piece was taken: it is taken, too. So a client is slow by
   *   what it left unread before a transaction, not by the size of one, and the bound may be passed by one transaction.
   * @returns false when the client's backlog is full; the frame is then not taken.
   */
  push(frame: Frame, bytes: number, goesOn?: boolean): boolean;
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
  let ownBytes = 0;

  function isFull(bytes: number): boolean {
    const { maxFrames, maxBytes, maxSubscriptionFrames, maxSubscriptionBytes } = backlog.bounds;
    return (
      backlog.frames >= maxFrames ||
      waiting.length >= maxSubscriptionFrames ||
      (backlog.frames > 0 && backlog.bytes + bytes > maxBytes) ||
      (waiting.length > 0 && ownBytes + bytes > maxSubscriptionBytes)
    );
  }
  /** Half of what it may have, in half of what all may have. */
  function hasRoom(): boolean {
    const { maxFrames, maxBytes, maxSubscriptionFrames, maxSubscriptionBytes } = backlog.bounds;
    return (
      waiting.length === 0 ||
      (waiting.length * 2 <= maxSubscriptionFrames &&
        ownBytes * 2 <= maxSubscriptionBytes &&
        backlog.frames * 2 <= maxFrames &&
        backlog.bytes * 2 <= maxBytes)
    );
  }

  function close() {
    if (closed) return;
    closed = true;
    ended = true;
    backlog.subscriptions -= 1;
    for (const { event, bytes } of waiting.splice(0)) settle(event, bytes);
    for (const look of [...backlog.waiting]) look();
    reader?.({ value: undefined, done: true });
    reader = null;
    onClose();
  }
  function settle(event: FrameEvent, bytes: number) {
    if ('error' in event) return;
    backlog.frames -= 1;
    backlog.bytes -= bytes;
    ownBytes -= bytes;
    for (const taken of [...backlog.waiting]) taken();
  }
  function give(event: FrameEvent, bytes: number) {
    if (reader === null) {
      if ('frame' in event) {
        backlog.frames += 1;
        backlog.bytes += bytes;
        ownBytes += bytes;
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
      if (reader === null && !goesOn && isFull(bytes)) return false;
      give({ frame }, bytes);
      return true;
    },
    room() {
      if (ended || hasRoom()) return Promise.resolve(true);
      return new Promise((resolve) => {
        const finish = (hasCome: boolean) => {
          clearTimeout(timer);
          backlog.waiting.delete(look);
          resolve(hasCome);
        };
        const look = () => {
          if (ended || hasRoom()) finish(true);
          else timer.refresh();
        };
        const timer = setTimeout(() => finish(false), backlog.bounds.patienceMs).unref();
        backlog.waiting.add(look);
      });
    },
    end(error) {
      if (ended) return;
      ended = true;
      if (error !== undefined) give({ error }, 0);
      else if (waiting.length === 0) close();
      for (const look of [...backlog.waiting]) look();
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
