import type { CursorPlace } from './cursor.ts';
import { cutChanges, type Frame, type FrameBounds, type FrameChange, sizeOfChange } from './frame.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';

/** What a frame says, without a cursor: the same for all who are told it. */
export type Told = Omit<Frame, 'cursor'>;

/** One of the frames that a transaction is told in. */
export interface TransactionFrame {
  readonly told: Told;
  readonly place: CursorPlace;
  readonly isLast: boolean;
}

export interface Telling {
  /** Where the log stood before the transaction. */
  readonly previous: LogPosition;
  /** How many of its changes the client has from an earlier subscription. */
  readonly alreadySent: number;
  /** Whether nothing follows it yet. */
  readonly isNewest: boolean;
}

/**
 * The frames of a transaction, within the bounds. Until the last one the place stays before the transaction, which whoever comes
 * back there looks at again from its beginning; it says how much of it was sent.
 */
export function transactionFrames(
  transaction: LogTransaction,
  changes: readonly FrameChange[],
  { previous, alreadySent, isNewest }: Telling,
  bounds: FrameBounds,
): TransactionFrame[] {
  const { xid, at, mutationId, actor, position } = transaction;
  let sent = alreadySent;
  return cutChanges(changes.slice(alreadySent), bounds).map((piece) => {
    sent += piece.length;
    const isLast = sent >= changes.length;
    return {
      told: {
        reset: false,
        upToDate: isLast && isNewest,
        transaction: { transactionId: String(xid), at, mutationId, actorId: actor },
        changes: piece,
      },
      place: isLast ? { position, sentOfNext: 0 } : { position: previous, sentOfNext: sent },
      isLast,
    };
  });
}

/** On the wire, roughly. */
export function sizeOfFrame({ changes }: Told): number {
  return changes.reduce((sum, change) => sum + sizeOfChange(change), frameOverheadBytes);
}

/** Cursor, transaction and braces. */
const frameOverheadBytes = 600;
