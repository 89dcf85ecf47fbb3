import type { Slice } from './outbox-rows.ts';
import type { Transaction } from './transactions.ts';

/** What is left to read of consecutive transactions, from the first row on. */
export interface Slices {
  /** The next rows, so many at most: none when all has been read. */
  next(rows: number): Slice | null;
  /** So many of them have been read, the last of which is that. */
  advance(rows: number, lastId: string): void;
}

/**
 * @param skip  so many rows of the first transaction have been read, …
 * @param skippedTo  the last of which is that.
 */
export function createSlices(transactions: readonly Transaction[], skip: number, skippedTo: string): Slices {
  let first = 0;
  let done = skip;
  let afterId = skippedTo;
  return {
    next(rows) {
      let end = first;
      let count = -done;
      while (end < transactions.length && count < rows) count += transactions[end++]?.rows ?? 0;
      return end === first
        ? null
        : { transactions: transactions.slice(first, end), done, afterId, rows: Math.min(count, rows) };
    },
    advance(rows, lastId) {
      done += rows;
      for (let of = transactions[first]; of !== undefined && done >= of.rows; of = transactions[first]) {
        done -= of.rows;
        first += 1;
      }
      afterId = done === 0 ? '0' : lastId;
    },
  };
}
