import type { Snapshot } from './snapshot.ts';
import type { LogTransaction } from './transaction.ts';

/** Where something began: what it had seen by then (S), in which run of the server, and where the relay stood (b). */
export interface Beginning {
  readonly snapshot: Snapshot;
  readonly incarnation: string;
  readonly epoch: number;
  readonly batch: number;
}

/**
 * Which transactions of the log a snapshot has seen already.
 *
 * - `seen`: it has; to tell it again would take rows back in time
 * - `new`: it has not
 * - `unknowable`: the server may have crashed since the snapshot, which then does not say which is which
 */
export interface StartFilter {
  judge(transaction: LogTransaction): 'seen' | 'new' | 'unknowable';
  /** Nothing that follows can be visible in the snapshot. */
  readonly isPassed: boolean;
}

/**
 * Asks the snapshot until a record of batch b + 3: only then was the `from` of its batch surely taken after S. (At the
 * first new transaction, or at b + 2, rows would go back in time: seen, and modelled.)
 *
 * @see docs/decisions/has-the-server-crashed.md
 */
export function createStartFilter({ snapshot, incarnation, epoch, batch }: Beginning): StartFilter {
  let isPassed = false;
  return {
    judge(transaction) {
      if (transaction.position.epoch < epoch) return 'seen';
      isPassed ||= transaction.batch >= batch + 3;
      if (isPassed) return 'new';
      if (transaction.batch <= batch) return 'seen';
      if (transaction.incarnation !== incarnation) return 'unknowable';
      return transaction.xid === null || snapshot.sees(transaction.xid) ? 'seen' : 'new';
    },
    get isPassed() {
      return isPassed;
    },
  };
}
