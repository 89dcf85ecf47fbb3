import type { Loss } from './why-ended.ts';

/** Counts, since the process began, of what must not go unseen. */
export function createFeedCounters() {
  const losses: Record<Loss, number> = { question: 0, authority: 0, shape: 0, history: 0, crash: 0, unknowable: 0 };
  return {
    /** Jumps in `seq`. */
    gaps: 0,
    /** Records met again and dropped. */
    repeated: 0,
    /** Records on the stream that are not ours. */
    unreadable: 0,
    /** Times the log could not be continued. */
    resyncs: 0,
    /** Transactions passed. */
    transactions: 0,
    /** Snapshots read, each for all who waited for it. */
    snapshots: 0,
    /** Subscriptions that could not be continued exactly, and why. */
    losses,
  };
}
