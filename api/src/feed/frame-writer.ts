import type { CursorContents, Cursors } from './cursor.ts';
import {
  cutChanges,
  type Frame,
  type FrameBounds,
  type FrameChange,
  type FrameTransaction,
  sizeOfChange,
} from './frame.ts';
import type { FrameQueue } from './frame-queue.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';

/** What a cursor says of its subscription besides the place: see {@link CursorContents}. */
export type Standing = Pick<CursorContents, 'start' | 'authority' | 'shapes'>;

interface Dependencies {
  readonly queue: FrameQueue;
  readonly cursors: Cursors;
  readonly bounds: FrameBounds;
  readonly viewerId: string;
  readonly question: string;
}

/** What a frame is written from. */
interface Writing {
  readonly position: LogPosition;
  /** In a transaction cut into frames: how many of its changes have been sent; `position` is then the one before it. */
  readonly sentOfNext?: number;
  readonly reset?: boolean;
  readonly transaction?: LogTransaction;
  readonly changes?: readonly FrameChange[];
  readonly upToDate: boolean;
}

/** What was before a transaction. */
export interface Before {
  readonly previous: LogPosition;
  /** As of `previous`: for cursors in the middle of the transaction, which is then looked at again from its beginning. */
  readonly before: Standing;
}

/** Where a transaction's frames stand. */
export interface Placing extends Before {
  /** How many of its changes the client has from an earlier subscription. */
  readonly alreadySent: number;
  /** Whether nothing follows it yet. */
  readonly isNewest: boolean;
}

/**
 * Writes one subscription's frames into its queue: a transaction in one, or cut into several, each with its cursor.
 * Every method gives false when the client's backlog is full.
 */
export function createFrameWriter({ queue, cursors, bounds, viewerId, question }: Dependencies) {
  let lastFrameAt = Date.now();
  let last: CursorContents | null = null;

  function write(writing: Writing, standing: Standing, goesOn = false): boolean {
    const { position, sentOfNext = 0, reset = false, transaction, changes = [], upToDate } = writing;
    const { start, authority, shapes } = standing;
    const contents = { position, sentOfNext, start, authority, shapes, viewerId, question };
    // What it says is fixed now; it is written only if the client asks for it.
    let cursor: string | null = null;
    const frame: Frame = {
      get cursor() {
        cursor ??= cursors.write(contents);
        return cursor;
      },
      reset,
      upToDate,
      transaction: transaction === undefined ? null : frameTransaction(transaction),
      changes,
    };
    const bytes = changes.reduce((sum, change) => sum + sizeOfChange(change), frameOverheadBytes);
    if (!queue.push(frame, bytes, goesOn)) return false;
    lastFrameAt = Date.now();
    last = contents;
    return true;
  }

  return {
    get lastFrameAt() {
      return lastFrameAt;
    },
    /** Where the client is before it was given a frame. */
    goOnFrom(contents: CursorContents) {
      last = contents;
    },
    /** Whether it is known from where the client can go on. */
    get hasPlace() {
      return last !== null;
    },
    /** Of the last frame that was taken: from there the client can go on. */
    get lastCursor() {
      return last && cursors.write(last);
    },
    /** A frame without changes: the opening one, progress, or (not `upToDate`) word that what is on screen may be old. */
    writeQuiet: (position: LogPosition, standing: Standing, upToDate: boolean): boolean =>
      write({ position, upToDate }, standing),
    /** What is on screen may be old: the last frame's place again. False when there was none. */
    writeMayBeOld: (): boolean =>
      last !== null && write({ position: last.position, sentOfNext: last.sentOfNext, upToDate: false }, last),
    /** A page of a snapshot; the first tells the client to forget what it holds. */
    writePage: (
      changes: readonly FrameChange[],
      { position, reset, upToDate }: { position: LogPosition; reset: boolean; upToDate: boolean },
      standing: Standing,
    ): boolean => write({ position, reset, changes, upToDate }, standing, !reset),
    writeTransaction(
      transaction: LogTransaction,
      changes: readonly FrameChange[],
      { previous, before, alreadySent, isNewest }: Placing,
      standing: Standing,
    ): boolean {
      let sent = alreadySent;
      return cutChanges(changes.slice(alreadySent), bounds).every((piece, index) => {
        sent += piece.length;
        const isLast = sent >= changes.length;
        const place = isLast ? { position: transaction.position } : { position: previous, sentOfNext: sent };
        const writing = { ...place, transaction, changes: piece, upToDate: isLast && isNewest };
        return write(writing, isLast ? standing : before, index > 0);
      });
    },
  };
}

/** Cursor, transaction and braces of a frame on the wire, roughly. */
const frameOverheadBytes = 600;

function frameTransaction({ xid, at, mutationId, actor }: LogTransaction): FrameTransaction {
  return { transactionId: String(xid), at, mutationId, actorId: actor };
}
