import type { Snapshot } from './snapshot.ts';
import type { LogTransaction } from './transaction.ts';

/** Where something began: what it had seen by then (S), and where the relay stood (b). */
export interface Beginning {
  readonly snapshot: Snapshot;
  readonly epoch: number;
  readonly session: string;
  readonly batch: number;
}

/**
 * Which transactions of the log a snapshot has seen already.
 *
 * - `seen`: it has; to tell it again would take rows back in time
 * - `new`: it has not
 * - `unsure`: the relay has begun another session since. Only if the server has not crashed in between does the snapshot
 *   still say which is which: ask, then `trust` the session or read a new snapshot.
 */
export interface StartFilter {
  judge(transaction: LogTransaction): 'seen' | 'new' | 'unsure';
  trust(session: string): void;
  /** Nothing that follows can be visible in the snapshot. */
  readonly isPassed: boolean;
}

/**
 * Asks the snapshot until a record of batch b + 3: only then was the `from` of its batch surely taken after S. (At the
 * first new transaction, or at b + 2, rows would go back in time: seen, and modelled.)
 */
export function createStartFilter({ snapshot, epoch, session, batch }: Beginning): StartFilter {
  const trusted = new Set([session]);
  let isPassed = false;
  return {
    judge(transaction) {
      if (transaction.position.epoch < epoch) return 'seen';
      isPassed ||= transaction.batch >= batch + 3;
      if (isPassed) return 'new';
      if (transaction.batch <= batch) return 'seen';
      if (!trusted.has(transaction.session)) return 'unsure';
      return transaction.xid === null || snapshot.sees(transaction.xid) ? 'seen' : 'new';
    },
    trust(confirmed) {
      trusted.add(confirmed);
    },
    get isPassed() {
      return isPassed;
    },
  };
}
