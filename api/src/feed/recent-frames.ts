import { type Authority, asOfNow } from '../authority/authority.ts';
import type { Cursors } from './cursor.ts';
import type { FrameBounds, FrameChange } from './frame.ts';
import { createPlacedFrame, type PlacedFrame } from './shared-frame.ts';
import type { LogTransaction } from './transaction.ts';
import { sizeOfFrame, type Telling, transactionFrames } from './transaction-frames.ts';

interface Dependencies {
  readonly cursors: Cursors;
  readonly bounds: FrameBounds;
  /** Of the frames that are kept, roughly. */
  readonly maxBytes: number;
}

/** Who is told. */
export interface Audience {
  readonly group: string;
  /** Of one of the group, as of the transaction. */
  readonly authority: Authority;
}

/**
 * What those of a group who are behind are told of a transaction, each when it comes to it: made by the first, kept for the others.
 * After a fault a thousand come back who have missed the same.
 *
 * What nobody has asked for between two calls of `age` is let go.
 */
export function createRecentFrames({ cursors, bounds, maxBytes }: Dependencies) {
  type Kept = Map<LogTransaction, Map<string, readonly PlacedFrame[]>>;
  let young: Kept = new Map();
  let old: Kept = new Map();
  let bytes = 0;

  function age() {
    old = young;
    young = new Map();
    bytes = 0;
  }
  function keep(transaction: LogTransaction, name: string, frames: readonly PlacedFrame[]) {
    const size = frames.reduce((sum, frame) => sum + frame.bytes, 0);
    if (bytes + size > maxBytes / 2) age();
    bytes += size;
    const known = young.get(transaction) ?? new Map<string, readonly PlacedFrame[]>();
    young.set(transaction, known.set(name, frames));
  }

  return {
    age,
    /** @param changes  what the transaction is to whoever is of the group. */
    of(
      transaction: LogTransaction,
      changes: readonly FrameChange[],
      telling: Pick<Telling, 'previous' | 'isNewest'>,
      { group, authority }: Audience,
    ): readonly PlacedFrame[] {
      const { previous, isNewest } = telling;
      const name = `${group} ${isNewest} ${previous.epochId} ${previous.seq}`;
      const known = young.get(transaction)?.get(name);
      if (known !== undefined) return known;
      const asTold = asOfNow(authority);
      const frames =
        old.get(transaction)?.get(name) ??
        transactionFrames(transaction, changes, { ...telling, alreadySent: 0 }, bounds).map(({ told, place }) =>
          createPlacedFrame(cursors, { told, place, group, bytes: sizeOfFrame(told), authority: asTold }),
        );
      keep(transaction, name, frames);
      return frames;
    },
  };
}
export type RecentFrames = ReturnType<typeof createRecentFrames>;
