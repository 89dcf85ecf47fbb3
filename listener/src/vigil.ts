import type { AwakeLock } from './awake-lock.ts';
import type { Query } from './connection.ts';
import type { WakeUps } from './wake-ups.ts';

interface Dependencies {
  readonly query: Query;
  readonly awakeLock: AwakeLock;
  readonly wakeUps: Pick<WakeUps, 'next' | 'isNudged'>;
}

/**
 * Lets the relay sleep without missing what commits, and lets writers commit without a nudge (NOTIFY) while it is awake.
 *
 *            busy                    rest: lets go, burns xid X
 *   asleep ────────▶ awake ────────────────────────────────────▶ drowsy ──┐ rest: a short pause; a nudge ends it
 *     ▲                ▲                     busy                  │  ▲───┘
 *     │                └───────────────────────────────────────────┤
 *     └────────────────────────────────────────────────────────────┘ rest, after a look that found nothing and that
 *       rest: until a nudge                                          saw the end of all transactions up to X
 *
 * A writer that did not nudge found the lock held, hence before it was let go, and had an xid by then: one below X. Once
 * all of those have ended, a look shows whatever they committed. All others nudge. A vigil begins awake: under the leader
 * before it somebody may have found the lock held, and be open still.
 *
 * @see docs/decisions/nudge-only-who-sleeps.md
 */
export function createVigil({ query, awakeLock, wakeUps }: Dependencies) {
  let isAwake = true;
  /** While drowsy: X. */
  let burntXid: bigint | null = null;
  let pauseMs = MIN_PAUSE_MS;

  async function fallAsleep(): Promise<void> {
    await awakeLock.release();
    // A transaction of its own, and so one that is over when this resolves.
    const [row] = await query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid');
    if (row === undefined) throw new Error('a function has returned no row');
    burntXid = BigInt(row.xid);
    pauseMs = MIN_PAUSE_MS;
    isAwake = false;
  }

  return {
    /** There is more to do than the one look that a nudge asked for. */
    async busy(): Promise<void> {
      isAwake = true;
      await awakeLock.take();
    },
    /**
     * Call it when a look has found nothing. Resolves when it is time for the next: perhaps at once, else when somebody
     * nudges, `timeoutMs` have passed, or `signal` aborts.
     *
     * @param oldestOpenXid  `pg_snapshot_xmin` of the snapshot of that look: all transactions below it have ended, and
     *   it has seen them. (`xmax` says no such thing: with one writer in flight it may equal `xmin`.)
     * @returns whether somebody has nudged.
     */
    async rest(oldestOpenXid: bigint, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
      if (isAwake) {
        await fallAsleep();
        return wakeUps.isNudged();
      }
      if (burntXid !== null && oldestOpenXid > burntXid) burntXid = null;
      if (burntXid === null) return wakeUps.next(timeoutMs, signal);
      const isNudged = await wakeUps.next(Math.min(pauseMs, timeoutMs), signal);
      pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
      return isNudged;
    },
    /**
     * Call it when a look has found something, and all of that was sent. Somebody asleep need not look again to learn that there
     * is no more: whoever has committed since that look nudges.
     *
     * @returns null when it is time for the next look: somebody has nudged meanwhile, or need not have, not being found
     *   asleep. Else it has slept as `rest` does, and says what `rest` says.
     */
    async sleepOn(timeoutMs: number, signal: AbortSignal): Promise<boolean | null> {
      if (isAwake || burntXid !== null || wakeUps.isNudged()) return null;
      return wakeUps.next(timeoutMs, signal);
    },
  };
}
export type Vigil = ReturnType<typeof createVigil>;

/** While drowsy. Most transactions end at once … */
const MIN_PAUSE_MS = 1;
/** … and some after hours: a look each time costs some 0.2 ms, so this comes to half a percent of a core. */
const MAX_PAUSE_MS = 50;
