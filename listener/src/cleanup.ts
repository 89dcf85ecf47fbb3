import { NOTHING_VISIBLE } from './batch.ts';
import type { Query } from './connection.ts';

/** Rows of one DELETE: some tens of milliseconds, so that neither locks nor WAL pile up. */
const STEP_ROWS = 5_000;

interface Settings {
  /** How long what the stream has acknowledged is kept, to be sent again should the stream lose it. */
  readonly keepMs: number;
  /** How long the stream keeps a record, and so the row that a claim names. */
  readonly retentionMs: number;
}

/**
 * Deletes what is not needed any more: old batches, then the outbox rows that none of the kept batches numbers.
 *
 * In this order: a batch whose rows are gone could not be sent again as it was. The age of a batch counts from when the
 * next one was fenced, which acknowledged it, to when the newest was: while the stream is away no batch is fenced, and
 * nothing gets older. The newest batch always stays. Safe in any process, at any time, also beside another's.
 */
export function createCleanup({ keepMs, retentionMs }: Settings) {
  /** The rows visible in this snapshot have been deleted, so that each sweep looks only at what is new to it. */
  let sweptTo = NOTHING_VISIBLE;

  async function sweepOutbox(query: Query): Promise<void> {
    const [oldest] = await query<{ from: string }>(oldestSql);
    if (oldest === undefined || oldest.from === sweptTo) return;
    let after: Cut | undefined = { xid: '0', id: '0' };
    while (after !== undefined) {
      const [step]: readonly Cut[] = await query<Cut>(sweepSql, [sweptTo, oldest.from, after.xid, after.id, STEP_ROWS]);
      after = step;
    }
    sweptTo = oldest.from;
  }

  return {
    /** Runs to its end, in steps of bounded size. */
    async run(query: Query): Promise<void> {
      await query(batchesSql, [keepMs]);
      await query(claimsSql, [Math.max(retentionMs, keepMs)]);
      await sweepOutbox(query);
    },
  };
}
export type Cleanup = ReturnType<typeof createCleanup>;

/** The last row of a step. */
interface Cut {
  readonly xid: string;
  readonly id: string;
}

const batchesSql = `
  DELETE FROM sync.batch WHERE batch < (
    SELECT max(batch) FROM sync.batch
    WHERE fenced_at < (SELECT fenced_at FROM sync.batch ORDER BY batch DESC LIMIT 1) - $1::double precision * interval '1 millisecond'
  )`;

// The row goes with its claim: the sweep has passed by it long ago.
const claimsSql = `
  WITH expired AS (
    DELETE FROM sync.claim WHERE created_at < now() - $1::double precision * interval '1 millisecond' RETURNING outbox_id
  )
  DELETE FROM sync.outbox WHERE id IN (SELECT outbox_id FROM expired)`;

const oldestSql = 'SELECT from_snapshot::text AS "from" FROM sync.batch ORDER BY batch LIMIT 1';

const sweepSql = `
  WITH swept AS (
    DELETE FROM sync.outbox WHERE id IN (
      SELECT id FROM sync.committed_between($1, $2) AS gone
      WHERE (xid, id) > ($3::xid8, $4) AND NOT EXISTS (SELECT FROM sync.claim WHERE claim.outbox_id = gone.id)
      ORDER BY xid, id LIMIT $5
    ) RETURNING xid, id
  )
  SELECT xid::text, id FROM swept ORDER BY swept.xid DESC, swept.id DESC LIMIT 1`;
