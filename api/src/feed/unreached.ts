import { comparePositions } from '@sync-hub/stream/sequence';
import type { Stream } from '@sync-hub/stream/stream';
import type { FeedLog } from './feed-log.ts';
import type { LogPosition } from './transaction.ts';

interface Dependencies {
  readonly stream: Pick<Stream, 'bounds'>;
  /** Called when places were found lost: who waits for them shall look again. */
  readonly onLost: () => void;
  readonly log: FeedLog;
}

/**
 * Places that clients came back with and that this process has not come to. Mostly another process has read a little further, and
 * they are waited for. But when an older copy of Postgres's disk was put back, the log on it ends before them: nothing that comes
 * to stand there continues what those clients hold, and until then they would wait in vain.
 *
 * A record is in the log before any client has its place, so one that the log does not reach, asked afterwards, is lost.
 */
export function createUnreached({ stream, onLost, log }: Dependencies) {
  const waiting = new Set<LogPosition>();
  const lost = new WeakSet<LogPosition>();
  let isLooking = false;

  return {
    /** Of a place that this process has not come to. @returns whether it is worth waiting for. */
    mayCome(place: LogPosition): boolean {
      if (lost.has(place)) return false;
      waiting.add(place);
      return true;
    },
    /** Asks the log where it ends, once for all who wait. Call it now and then. */
    async look(): Promise<void> {
      if (waiting.size === 0 || isLooking) return;
      isLooking = true;
      const asked = [...waiting];
      try {
        const bounds = await stream.bounds();
        if (bounds === null) return; // It may be about to be sent again.
        for (const place of asked) waiting.delete(place);
        const beyond = asked.filter((place) => comparePositions(place, bounds.newest) > 0);
        for (const place of beyond) lost.add(place);
        if (beyond.length > 0) onLost();
      } catch (error) {
        log.debug({ err: error }, 'the log does not say where it ends; asking again');
      } finally {
        isLooking = false;
      }
    },
  };
}
