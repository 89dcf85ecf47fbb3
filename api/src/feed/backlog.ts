import { codedError } from '../errors.ts';

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

/** One subscription's part of the backlog of its client. */
export interface Share {
  readonly backlog: Backlog;
  frames: number;
  bytes: number;
  isOver: boolean;
}

/** @throws TOO_MANY_SUBSCRIPTIONS */
export function openShare(backlog: Backlog): Share {
  const { maxSubscriptions } = backlog.bounds;
  if (backlog.subscriptions >= maxSubscriptions) {
    const message = `This client has ${maxSubscriptions} subscriptions already. End some, or open another socket.`;
    throw codedError('TOO_MANY_SUBSCRIPTIONS', message);
  }
  backlog.subscriptions += 1;
  return { backlog, frames: 0, bytes: 0, isOver: false };
}

/** Gives back what is left of it. */
export function closeShare(share: Share): void {
  share.backlog.subscriptions -= 1;
  count(share, -share.frames, -share.bytes);
  endShare(share);
}

/** Nothing more is pushed: who waits for room waits no longer. */
export function endShare(share: Share): void {
  share.isOver = true;
  wake(share.backlog);
}

/** Whether a frame of so many bytes is over one of the bounds. */
export function isFull({ backlog, frames, bytes }: Share, more: number): boolean {
  const { maxFrames, maxBytes, maxSubscriptionFrames, maxSubscriptionBytes } = backlog.bounds;
  return (
    backlog.frames >= maxFrames ||
    frames >= maxSubscriptionFrames ||
    (backlog.frames > 0 && backlog.bytes + more > maxBytes) ||
    (frames > 0 && bytes + more > maxSubscriptionBytes)
  );
}

/** A frame waits for the client. */
export function countIn(share: Share, bytes: number): void {
  count(share, 1, bytes);
}

/** It waits no longer. */
export function countOut(share: Share, bytes: number): void {
  count(share, -1, -bytes);
  wake(share.backlog);
}

/**
 * Waits until the client has taken most of what was pushed.
 *
 * @returns false when it took nothing for `patienceMs`.
 */
export function roomIn(share: Share): Promise<boolean> {
  if (share.isOver || hasRoom(share)) return Promise.resolve(true);
  const { backlog } = share;
  return new Promise((resolve) => {
    const finish = (hasCome: boolean) => {
      clearTimeout(timer);
      backlog.waiting.delete(look);
      resolve(hasCome);
    };
    const look = () => {
      if (share.isOver || hasRoom(share)) finish(true);
      else timer.refresh();
    };
    const timer = setTimeout(() => finish(false), backlog.bounds.patienceMs).unref();
    backlog.waiting.add(look);
  });
}

/** Half of what it may have, in half of what all may have. */
function hasRoom({ backlog, frames, bytes }: Share): boolean {
  const { maxFrames, maxBytes, maxSubscriptionFrames, maxSubscriptionBytes } = backlog.bounds;
  return (
    frames === 0 ||
    (frames * 2 <= maxSubscriptionFrames &&
      bytes * 2 <= maxSubscriptionBytes &&
      backlog.frames * 2 <= maxFrames &&
      backlog.bytes * 2 <= maxBytes)
  );
}

function count(share: Share, frames: number, bytes: number) {
  share.frames += frames;
  share.bytes += bytes;
  share.backlog.frames += frames;
  share.backlog.bytes += bytes;
}

function wake({ waiting }: Backlog) {
  if (waiting.size > 0) for (const look of [...waiting]) look();
}
