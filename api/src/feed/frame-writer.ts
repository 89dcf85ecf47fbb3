import { createBoundedMemo } from '../bounded-memo.ts';
import type { CursorContents, CursorPlace, CursorStanding, Cursors } from './cursor.ts';
import type { Frame, FrameBounds, FrameChange } from './frame.ts';
import type { LastTold, Listener } from './listener.ts';
import { createPageFrames } from './page-frames.ts';
import { createRecentFrames } from './recent-frames.ts';
import type { SharedFrame } from './shared-frame.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';
import { sizeOfFrame, type Told, transactionFrames } from './transaction-frames.ts';

interface Dependencies {
  readonly cursors: Cursors;
  readonly bounds: FrameBounds;
  /** See {@link createRecentFrames}. */
  readonly maxRecentBytes: number;
}

/** What was before a transaction. */
export interface Before {
  readonly previous: LogPosition;
  /** As of `previous`: for cursors in the middle of the transaction, which is then looked at again from its beginning. */
  readonly before: CursorStanding;
}

/** Where a transaction's frames stand. */
export interface Placing extends Before {
  /** How many of its changes the client has from an earlier subscription. */
  readonly alreadySent: number;
  /** Whether nothing follows it yet. */
  readonly isNewest: boolean;
}

/**
 * Writes frames into the queues of those who listen: a transaction in one, or cut into several, each with its cursor.
 * Every method that writes gives false when the client's backlog is full.
 */
export function createFrameWriter({ cursors, bounds, maxRecentBytes }: Dependencies) {
  const textOf = createBoundedMemo<CursorStanding, string>(maxTexts);
  let latest: LastTold | null = null;

  /** It changes seldom, and is written once. */
  function settle(listener: Listener, standing: CursorStanding): string {
    if (listener.standing !== standing) {
      listener.standing = standing;
      listener.text = textOf(standing, () => cursors.writeStanding(standing));
    }
    return listener.text;
  }
  function write(
    listener: Listener,
    told: Told,
    place: CursorPlace,
    standing: CursorStanding,
    goesOn = false,
  ): boolean {
    listener.line?.settle();
    const text = settle(listener, standing);
    // What it says is fixed now; it is written only if the client asks for it.
    let cursor: string | null = null;
    const frame: Frame = {
      get cursor() {
        cursor ??= cursors.join(cursors.writePlace(place, standing.group), text);
        return cursor;
      },
      ...told,
    };
    if (!listener.queue.push(frame, sizeOfFrame(told), goesOn)) return false;
    note(listener, place, standing, told.upToDate);
    return true;
  }
  function note(listener: Listener, place: CursorPlace, standing: CursorStanding, upToDate: boolean) {
    const now = { place, at: Date.now(), upToDate };
    // A crowd that opens is told one place at a time.
    if (latest === null || !isSame(latest, now)) latest = now;
    listener.lastTold = latest;
    listener.placeStanding = standing;
  }
  function writeQuiet(listener: Listener, place: CursorPlace, standing: CursorStanding, upToDate: boolean): boolean {
    return write(listener, { reset: false, upToDate, transaction: null, changes: [] }, place, standing);
  }

  return {
    /** A page in frames' worth. */
    framesOf: createPageFrames(bounds),
    /** What others of its group were told of late. */
    recent: createRecentFrames({ cursors, bounds, maxBytes: maxRecentBytes }),
    /** Writes the standing that all further frames have, until it is another. */
    settle,
    /** Where the client is before it was given a frame. */
    goOnFrom(listener: Listener, contents: CursorContents) {
      listener.lastTold = { ...listener.lastTold, place: contents };
      listener.placeStanding = contents;
    },
    /** Of the last frame that was taken: from there the client can go on. */
    lastCursor({ lastTold: { place }, placeStanding }: Listener): string | null {
      return place && placeStanding && cursors.write({ ...placeStanding, ...place });
    },
    /** A frame without changes: the opening one, progress, or (not `upToDate`) word that what is on screen may be old. */
    writeQuiet: (listener: Listener, position: LogPosition, standing: CursorStanding, upToDate: boolean): boolean =>
      writeQuiet(listener, { position, sentOfNext: 0 }, standing, upToDate),
    /** What is on screen may be old: the last frame's place again. False when there was none. */
    writeMayBeOld(listener: Listener): boolean {
      const { lastTold, placeStanding } = listener;
      const { place } = lastTold;
      return place !== null && placeStanding !== null && writeQuiet(listener, place, placeStanding, false);
    },
    /** A page of a snapshot; the first tells the client to forget what it holds. */
    writePage: (
      listener: Listener,
      changes: readonly FrameChange[],
      { position, reset, upToDate }: { position: LogPosition; reset: boolean; upToDate: boolean },
      standing: CursorStanding,
    ): boolean =>
      write(listener, { reset, upToDate, transaction: null, changes }, { position, sentOfNext: 0 }, standing, !reset),
    /** The same, of a page that others are given too. */
    writeShared(listener: Listener, shared: SharedFrame, position: LogPosition, standing: CursorStanding): boolean {
      const place = { position, sentOfNext: 0 };
      const cursor = cursors.join(cursors.writePlace(place, standing.group), settle(listener, standing));
      if (listener.queue.share({ frames: [shared], isWritten: false }, cursor) === 0) return false;
      note(listener, place, standing, shared.frame.upToDate);
      return true;
    },
    writeTransaction: (
      listener: Listener,
      transaction: LogTransaction,
      changes: readonly FrameChange[],
      { before, ...placing }: Placing,
      standing: CursorStanding,
    ): boolean =>
      transactionFrames(transaction, changes, placing, bounds).every(({ told, place, isLast }, index) =>
        write(listener, told, place, isLast ? standing : before, index > 0),
      ),
  };
}
/** Of standings. */
const maxTexts = 1_000;

function isSame(one: LastTold, other: LastTold): boolean {
  return (
    one.at === other.at &&
    one.upToDate === other.upToDate &&
    one.place?.position === other.place?.position &&
    one.place?.sentOfNext === other.place?.sentOfNext
  );
}

export type FrameWriter = ReturnType<typeof createFrameWriter>;
