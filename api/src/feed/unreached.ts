import { comparePositions } from '@sync-hub/stream/sequence';
import type { Stream } from '@sync-hub/stream/stream';
import type { FeedLog } from './feed-log.ts';
import type { Following, Ring } from './ring.ts';
import type { LogPosition } from './transaction.ts';

interface Dependencies {
  readonly stream: Pick<Stream, 'bounds'>;
  readonly ring: Pick<Ring, 'after'>;
  /** Called when places were found lost: who waits for them shall look again. */
  readonly onLost: () => void;
  readonly log: FeedLog;
  /** So long the log has to end before a place: a tail that a broker has lost is sent again by the relay. */
  readonly patienceMs: number;
}

/**
 * Places that clients came back with and that this process has not come to. Mostly another process has read a little further, and
 * they are waited for. But when an older copy of Postgres's disk was put back, the log on it ends before them: nothing that comes
 * to stand there continues what those clients hold, and until then they would wait in vain.
 *
 * A record is in the log before any client has its place, so one that the log does not reach, asked afterwards, is lost; but for
 * a tail that Kafka has lost and the relay has kept, which comes back within seconds.
 */
export function createUnreached({ stream, ring, onLost, log, patienceMs }: Dependencies) {
  /** And since when the log is known to end before them; null when it is not. */
  const waiting = new Map<LogPosition, number | null>();
  const lost = new WeakSet<LogPosition>();
  let isLooking = false;

  return {
    /** What follows a place. One that is `ahead` is waited for, until it was left; `other` once it is known to be lost. */
    after(place: LogPosition): Following {
      const next = ring.after(place);
      if (next !== 'ahead') waiting.delete(place);
      else if (lost.has(place)) return 'other';
      else if (!waiting.has(place)) waiting.set(place, null);
      return next;
    },
    /** Nobody waits for it any more. */
    leave(place: LogPosition) {
      waiting.delete(place);
    },
    /** Asks the log where it ends, once for all who wait. Call it now and then. */
    async look(): Promise<void> {
      if (waiting.size === 0 || isLooking) return;
      isLooking = true;
      const asked = [...waiting];
      try {
        const bounds = await stream.bounds();
        if (bounds === null) return; // It may be about to be sent again.
        const now = Date.now();
        let hasLost = false;
        for (const [place, beyondSince] of asked) {
          if (!waiting.has(place)) continue;
          if (comparePositions(place, bounds.newest) <= 0) waiting.delete(place);
          else if (beyondSince === null) waiting.set(place, now);
          else if (now - beyondSince >= patienceMs) {
            waiting.delete(place);
            lost.add(place);
            hasLost = true;
          }
        }
        if (hasLost) onLost();
      } catch (error) {
        log.debug({ err: error }, 'the log does not say where it ends; asking again');
      } finally {
        isLooking = false;
      }
    },
  };
}
