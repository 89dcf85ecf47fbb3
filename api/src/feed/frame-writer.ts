import { createHash } from 'node:crypto';
import type { Authority } from '../authority/authority.ts';
import type { Cursors } from './cursor.ts';
import {
  cutChanges,
  type Frame,
  type FrameBounds,
  type FrameChange,
  type FrameTransaction,
  sizeOfChange,
} from './frame.ts';
import type { FrameQueue } from './frame-queue.ts';
import type { StartPoint } from './start-point.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';

/** What a cursor says of its subscription besides the place: see {@link CursorContents}. */
export interface Standing {
  readonly authority: Authority;
  /** Until the log has passed it. */
  readonly start: StartPoint | null;
}

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
  readonly sentOfNext: number;
  readonly transaction: LogTransaction | null;
  readonly changes: readonly FrameChange[];
  readonly upToDate: boolean;
}

/**
 * Writes one subscription's frames into its queue: a transaction in one, or cut into several, each with its cursor.
 * Every method gives false when the client's backlog is full.
 */
export function createFrameWriter({ queue, cursors, bounds, viewerId, question }: Dependencies) {
  let lastFrameAt = Date.now();
  let authorityHash: string | null = null;

  function write(writing: Writing, standing: Standing, goesOn = false): boolean {
    const { position, sentOfNext, transaction, changes, upToDate } = writing;
    lastFrameAt = Date.now();
    authorityHash ??= hashAuthority(standing.authority);
    const contents = {
      position,
      sentOfNext,
      start: standing.start && cursorStart(standing.start),
      authority: authorityHash,
      viewerId,
      question,
    };
    // What it says is fixed now; it is written only if the client asks for it.
    let cursor: string | null = null;
    const frame: Frame = {
      get cursor() {
        cursor ??= cursors.write(contents);
        return cursor;
      },
      reset: false,
      upToDate,
      transaction: transaction && frameTransaction(transaction),
      changes,
    };
    return queue.push(
      frame,
      changes.reduce((bytes, change) => bytes + sizeOfChange(change), frameOverheadBytes),
      goesOn,
    );
  }

  return {
    get lastFrameAt() {
      return lastFrameAt;
    },
    /** Call when the viewer's authority has changed. */
    forgetAuthority() {
      authorityHash = null;
    },
    /** A frame without changes: the opening one, progress, or (not `upToDate`) word that the log is stalled. */
    writeQuiet: (position: LogPosition, standing: Standing, upToDate = true): boolean =>
      write({ position, sentOfNext: 0, transaction: null, changes: [], upToDate }, standing),
    /** @param previous  the position before the transaction. */
    writeTransaction(
      transaction: LogTransaction,
      changes: readonly FrameChange[],
      previous: LogPosition,
      standing: Standing,
    ): boolean {
      let sent = 0;
      return cutChanges(changes, bounds).every((piece, index) => {
        sent += piece.length;
        const upToDate = sent === changes.length;
        const place = upToDate
          ? { position: transaction.position, sentOfNext: 0 }
          : { position: previous, sentOfNext: sent };
        return write({ ...place, transaction, changes: piece, upToDate }, standing, index > 0);
      });
    },
  };
}

/** Cursor, transaction and braces of a frame on the wire, roughly. */
const frameOverheadBytes = 600;

function frameTransaction({ xid, at, mutationId, actor }: LogTransaction): FrameTransaction {
  return { transactionId: String(xid), at, mutationId, actorId: actor };
}

function cursorStart({ snapshot, session, batch }: StartPoint) {
  return { snapshot: snapshot.text, session, batch };
}

function hashAuthority({ isAdmin, memberships }: Authority): string {
  const parts = [...memberships.values()].map(({ memberId, version }) => `${memberId}:${version}`).sort();
  return createHash('sha256').update(`${isAdmin}|${parts.join()}`).digest('base64url').slice(0, 22);
}
