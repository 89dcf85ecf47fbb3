import type { Query } from './connection.ts';

/** Says to writers whether the relay is awake: while this is held, they commit without nudging it. */
export interface AwakeLock {
  /** Takes it, if no writer is just looking at it; harmless when it is held. Never waits for anybody. */
  take(): Promise<void>;
  /** Harmless when it is not held. Once it resolves, every writer that looks will nudge. */
  release(): Promise<void>;
}

/** "sync", "awak" as numbers, as in `sync.nudge()`; advisory locks are per database. */
const LOCK = [0x73796e63, 0x6177616b] as const;

/**
 * @param query  of the connection that holds the leadership. So nobody but the leader can be awake, and what makes the
 *   server end a leader's session that gives no sign of life makes writers nudge again.
 */
export function createAwakeLock(query: Query): AwakeLock {
  let isHeld = false;
  return {
    async take() {
      if (isHeld) return;
      const [row] = await query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS taken', LOCK);
      isHeld = row?.taken === true;
    },
    async release() {
      if (!isHeld) return;
      await query('SELECT pg_advisory_unlock($1, $2)', LOCK);
      isHeld = false;
    },
  };
}
