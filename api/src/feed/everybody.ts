import { createDirectory, type Directory } from '../authority/directory.ts';
import { createStartFilter, type StartFilter } from './start-filter.ts';
import type { StartPoint, StartPoints } from './start-point.ts';
import type { LogTransaction } from './transaction.ts';

/**
 * The directory of everybody: loaded in a snapshot of its own when the log is met, then moved on by what that has not seen.
 * Once the log has passed the snapshot it is exactly as of the newest transaction.
 */
export async function loadEverybody(startPoints: StartPoints) {
  const start = await startPoints.takeForEverybody();
  const directory: Directory = createDirectory(start.authority);
  let filter: StartFilter | null = createStartFilter(start);

  return {
    start: start as StartPoint,
    directory,
    get isSettled() {
      return filter === null;
    },
    /** Whether it has the transaction already. Call for each, in order. */
    judge(transaction: LogTransaction): ReturnType<StartFilter['judge']> {
      const verdict = filter?.judge(transaction) ?? 'new';
      if (filter?.isPassed === true) filter = null;
      return verdict;
    },
  };
}
export type Everybody = Awaited<ReturnType<typeof loadEverybody>>;
