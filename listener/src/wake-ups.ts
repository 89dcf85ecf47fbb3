import type { Log } from '@sync-hub/runtime/log';
import { startNudges } from '@sync-hub/stream/postgres-nudges';
import { createWakeUp } from '@sync-hub/stream/wake-up';

/** The channel on which the triggers of `sync.track` nudge. */
const CHANNEL = 'sync';

/**
 * Tells the relay when to look: on a nudge of a writer, and at the latest when the time given has passed.
 *
 * A nudge says nothing but "look". One that came while nobody waited is kept; many are one. The connection that listens
 * is its own, made again whenever it ends, and never trusted alone: without it, polling goes on.
 */
export function startWakeUps({ databaseUrl, log }: { readonly databaseUrl: string; readonly log: Log }) {
  const wakeUp = createWakeUp();
  const nudges = startNudges({ databaseUrl, applicationName: 'sync-hub listener: listen', channel: CHANNEL, log });
  nudges.subscribe(wakeUp.ring);

  return {
    /** Somebody has nudged since `next` resolved. */
    isNudged: wakeUp.isRung,
    /** Resolves at the next nudge (with true), after `timeoutMs`, or when `signal` aborts, whichever is first. */
    async next(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
      if (signal.aborted) return false;
      signal.addEventListener('abort', wakeUp.ring);
      const isNudged = await wakeUp.wait(timeoutMs);
      signal.removeEventListener('abort', wakeUp.ring);
      return isNudged;
    },
    close: nudges.close,
  };
}
export type WakeUps = ReturnType<typeof startWakeUps>;
