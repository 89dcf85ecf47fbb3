import { createDirectory, type Directory } from '../authority/directory.ts';
import { createStartFilter, type StartFilter } from './start-filter.ts';
import type { StartPoint, StartPoints } from './start-point.ts';
import type { LogTransaction } from './transaction.ts';
import { untilAnswered } from './until-answered.ts';

/**
 * The directory of everybody: loaded in a snapshot of its own when the log is met, then moved on by what that has not seen.
 * Once the log has passed the snapshot it is exactly as of the newest transaction.
 */
export async function loadEverybody(startPoints: StartPoints, signal: AbortSignal) {
  const start = await startPoints.takeForEverybody();
  const directory: Directory = createDirectory(start.authority);
  let filter: StartFilter | null = createStartFilter(start);

  return {
    start: start as StartPoint,
    directory,
    get isSettled() {
      return filter === null;
    },
    /**
     * Whether it has the transaction already; null when the server may have crashed since, so that its snapshot says
     * nothing any more. Call once for each transaction, in order.
     */
    async hasSeen(transaction: LogTransaction): Promise<boolean | null> {
      if (filter === null) return false;
      let verdict = filter.judge(transaction);
      if (verdict === 'unsure') {
        if ((await untilAnswered(startPoints.incarnation, { signal })) !== start.incarnation) return null;
        filter.trust(transaction.session);
        verdict = filter.judge(transaction);
      }
      if (filter.isPassed) filter = null;
      return verdict === 'seen';
    },
  };
}
export type Everybody = Awaited<ReturnType<typeof loadEverybody>>;
