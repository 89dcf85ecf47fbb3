import type { CursorPlace, CursorStanding } from './cursor.ts';
import type { FrameQueue } from './frame-queue.ts';
import type { GroupLine } from './group-line.ts';
import type { SharedBundle } from './shared-frame.ts';

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
  /** Of the last frame that was taken: from there the client can go on. */
  place: CursorPlace | null;
  placeStanding: CursorStanding | null;
  lastFrameAt: number;
  /** What the last frame said of it; null when there was none. */
  saidUpToDate: boolean | null;
  /** Its client reads too slowly: nothing more is told. */
  tooSlow(): void;
}

/** Tells it what its whole group is told. Its standing has to be written. */
export function tellShared(listener: Listener, bundle: SharedBundle, now: number): void {
  const { frames } = bundle;
  const taken = listener.queue.share(bundle, listener.text);
  const last = frames[taken - 1];
  if (last !== undefined) {
    listener.place = last.place;
    listener.placeStanding = listener.standing;
    listener.saidUpToDate = last.frame.upToDate;
    listener.lastFrameAt = now;
  }
  if (taken < frames.length) listener.tooSlow();
}
