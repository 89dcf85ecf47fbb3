import type { CursorPlace, CursorStanding } from './cursor.ts';
import type { FrameQueue } from './frame-queue.ts';
import type { PlacedFrame } from './shared-frame.ts';

/**
 * What one subscription was told last, and whereto the next is told: a frame for a thousand subscriptions touches a thousand of
 * them, and little else of theirs.
 */
export interface Listener {
  readonly queue: FrameQueue;
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

/** Tells it what its whole group is told, in one frame or in the pieces of one transaction. Its standing has to be written. */
export function tellShared(listener: Listener, frames: readonly PlacedFrame[], now: number): void {
  let goesOn = false;
  for (const shared of frames) {
    if (!listener.queue.share(shared, listener.text, goesOn)) {
      listener.tooSlow();
      return;
    }
    listener.place = shared.place;
    listener.placeStanding = listener.standing;
    listener.saidUpToDate = shared.frame.upToDate;
    goesOn = true;
  }
  listener.lastFrameAt = now;
}
