import { type Authority, asOfNow } from '../authority/authority.ts';
import type { Model } from '../model/model.ts';
import { createAgingMemo } from './aging-memo.ts';
import type { Cursors } from './cursor.ts';
import type { FrameBounds, FrameChange } from './frame.ts';
import { keyAt } from './group-index.ts';
import { modelChanges } from './model-changes.ts';
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
 * What those of a group who are behind are told of a transaction, each when it comes to it: found out and made by the first, kept
 * for the others. After a fault a thousand come back who have missed the same.
 */
export function createRecentFrames({ cursors, bounds, maxBytes }: Dependencies) {
  const changes = createAgingMemo<readonly FrameChange[]>(maxBytes);
  const frames = createAgingMemo<readonly PlacedFrame[]>(maxBytes);
  const keys = createAgingMemo<ReadonlySet<string>>(maxBytes);

  return {
    /** Lets go what nobody has asked for since it was called last. */
    age() {
      changes.age();
      frames.age();
      keys.age();
    },
    /** What the rows of a model that it changed have, or had, in some fields: see {@link keyAt}. */
    keysIn(transaction: LogTransaction, model: Model, fields: readonly string[]): ReadonlySet<string> {
      const find = () => {
        const found = new Set<string>();
        for (const { before, after } of modelChanges(transaction, model))
          for (const row of [before, after]) {
            const key = row && keyAt(fields, row);
            if (key !== null) found.add(key);
          }
        return found;
      };
      return keys.of(transaction, `${model.table} ${fields}`, find, ({ size }) => (size + 1) * smallBytes);
    },
    /** What the transaction is to whoever is of the group, by which nobody's authority changes. */
    changesIn(transaction: LogTransaction, group: string, look: () => readonly FrameChange[]): readonly FrameChange[] {
      return changes.of(transaction, group, look, ({ length }) => (length === 0 ? smallBytes : transaction.bytes));
    },
    of(
      transaction: LogTransaction,
      told: readonly FrameChange[],
      telling: Pick<Telling, 'previous' | 'isNewest'>,
      { group, authority }: Audience,
    ): readonly PlacedFrame[] {
      const { previous, isNewest } = telling;
      const make = () => {
        const asTold = asOfNow(authority);
        return transactionFrames(transaction, told, { ...telling, alreadySent: 0 }, bounds).map(
          ({ told, place }, index) =>
            createPlacedFrame(cursors, {
              told,
              place,
              goesOn: index > 0,
              group,
              bytes: sizeOfFrame(told),
              authority: asTold,
            }),
        );
      };
      return frames.of(transaction, `${group} ${isNewest} ${previous.epochId} ${previous.seq}`, make, sizeOfAll);
    },
  };
}
export type RecentFrames = ReturnType<typeof createRecentFrames>;

/** Of an entry that says that there is nothing. */
const smallBytes = 200;

function sizeOfAll(frames: readonly PlacedFrame[]): number {
  return frames.reduce((sum, { bytes }) => sum + bytes, 0);
}
