import type { CursorPlace, CursorStanding } from './cursor.ts';
import type { FrameQueue } from './frame-queue.ts';
import type { GroupLine } from './group-line.ts';
import type { SharedBundle, SharedFrame } from './shared-frame.ts';

/** The last frame that was taken. One object for all who are told a frame together. */
export interface LastTold {
  /** From there the client can go on. */
  readonly place: CursorPlace | null;
  readonly at: number;
  /** What the frame said of it; null when there was none yet. */
  readonly upToDate: boolean | null;
}

/**
 * What one subscription was told last, and whereto the next is told: a frame for a thousand subscriptions touches a thousand of
 * them, and little else of theirs.
 */
export interface Listener {
  readonly queue: FrameQueue;
  /** Of its group, which may have something to tell that it is told before anything else; null while it is alone. */
  line: GroupLine | null;
  /** What a cursor says of it now, and that as text. */
  standing: CursorStanding | null;
  text: string;
  lastTold: LastTold;
  /** At the last frame. */
  placeStanding: CursorStanding | null;
  /** Its client reads too slowly: nothing more is told. */
  tooSlow(): void;
}

/** Tells it what its whole group is told. Its standing has to be written. @param last  how that leaves whoever takes all of it. */
export function tellShared(listener: Listener, bundle: SharedBundle, last: LastTold): void {
  const { frames } = bundle;
  const taken = listener.queue.share(bundle, listener.text);
  if (taken === frames.length) listener.lastTold = last;
  else if (taken > 0) listener.lastTold = lastOf(frames.slice(0, taken), last.at);
  if (taken > 0 && listener.placeStanding !== listener.standing) listener.placeStanding = listener.standing;
  if (taken < frames.length) listener.tooSlow();
}

/** @param frames  that were told together. */
export function lastOf(frames: readonly SharedFrame[], at: number): LastTold {
  const last = frames.at(-1);
  return { place: last?.place ?? null, at, upToDate: last?.frame.upToDate ?? null };
}
