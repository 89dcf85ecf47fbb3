import type pg from 'pg';
import type { StreamLog } from './stream-log.ts';

/** Rows deleted by one statement: short transactions, so that a sweep after a long standstill disturbs nobody. */
const PAGE_ROWS = 5_000;
/** Far below any sensible retention, and rare enough to cost nothing. */
const SWEEP_EVERY_MS = 30_000;

/**
 * Deletes the oldest page of records, up to the first that is younger than the retention: always from the start of
 * the log and never out of its middle, whatever the clock did, or readers would be told of a gap that is none.
 */
const DELETE_PAGE = `
  WITH head AS (
    SELECT epoch, seq, created_at < now() - make_interval(secs => $1::double precision / 1000) AS old
    FROM sync.log ORDER BY epoch, seq LIMIT $2
  ), kept AS (
    SELECT epoch, seq FROM head WHERE NOT old ORDER BY epoch, seq LIMIT 1
  )
  DELETE FROM sync.log USING head
  WHERE log.epoch = head.epoch AND log.seq = head.seq
    AND (NOT EXISTS (SELECT FROM kept) OR (log.epoch, log.seq) < (SELECT epoch, seq FROM kept))`;

/** Keeps `sync.log` to its age, on behalf of whoever publishes. */
export interface Retention {
  /** Starts a sweep in the background when one is due. A sweep that fails is logged and tried again when due. */
  sweepIfDue(): void;
  /** Resolves when no sweep is running. */
  close(): Promise<void>;
}

export function createRetention({
  pool,
  retentionMs,
  log,
}: {
  pool: pg.Pool;
  retentionMs: number;
  log: StreamLog;
}): Retention {
  let sweeping: Promise<void> = Promise.resolve();
  let dueAt = 0;
  let closed = false;

  async function sweep(): Promise<void> {
    try {
      let deleted = PAGE_ROWS;
      while (deleted === PAGE_ROWS && !closed) {
        deleted = (await pool.query(DELETE_PAGE, [retentionMs, PAGE_ROWS])).rowCount ?? 0;
      }
    } catch (error) {
      log.warn({ err: error }, 'old records of sync.log could not be deleted');
    }
  }

  return {
    sweepIfDue() {
      if (closed || Date.now() < dueAt) return;
      dueAt = Date.now() + SWEEP_EVERY_MS;
      sweeping = sweeping.then(sweep);
    },
    async close() {
      closed = true;
      await sweeping;
    },
  };
}
