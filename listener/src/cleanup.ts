import { NOTHING_VISIBLE } from './batch.ts';
import type { Query } from './connection.ts';
import { cutIntoRuns, type Transaction, transactionsBetween } from './transactions.ts';

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
    for await (const window of transactionsBetween(query, { from: sweptTo, to: oldest.from })) {
      for (const run of cutIntoRuns(window, STEP_ROWS)) await deleteRows(query, run);
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

/** One step; several when it is one transaction of more rows. */
async function deleteRows(query: Query, transactions: readonly Transaction[]): Promise<void> {
  const xids = transactions.map(({ xid }) => xid);
  for (let after: string | null = '0'; after !== null; ) {
    const [step]: readonly { last: string | null }[] = await query(deleteSql, [xids, after, STEP_ROWS]);
    after = xids.length === 1 ? (step?.last ?? null) : null;
  }
}

const batchesSql = `
  DELETE FROM sync.batch WHERE batch < (
    SELECT max(batch) FROM sync.batch
    WHERE fenced_at < (SELECT fenced_at FROM sync.batch ORDER BY batch DESC LIMIT 1) - $1::double precision * interval '1 millisecond'
  )`;

// Of batches that may be sent again a claim stays, however old: without its row such a batch would be another. Then the row goes
// with its claim: the sweep has passed by it long ago.
const claimsSql = `
  WITH expired AS (
    DELETE FROM sync.claim WHERE created_at < now() - $1::double precision * interval '1 millisecond'
      AND seq < (SELECT first_seq FROM sync.batch ORDER BY batch LIMIT 1)
    RETURNING outbox_id
  )
  DELETE FROM sync.outbox WHERE id IN (SELECT outbox_id FROM expired)`;

const oldestSql = 'SELECT from_snapshot::text AS "from" FROM sync.batch ORDER BY batch LIMIT 1';

const deleteSql = `
  WITH gone AS (
    DELETE FROM sync.outbox WHERE id IN (
      SELECT o.id
      FROM unnest($1::xid8[]) AS t (xid)
        CROSS JOIN LATERAL (
          SELECT id FROM sync.outbox
          WHERE xid = t.xid AND id > $2 AND NOT EXISTS (SELECT FROM sync.claim WHERE claim.outbox_id = outbox.id)
          ORDER BY id LIMIT $3
        ) AS o
    ) RETURNING id
  )
  SELECT max(id) AS last FROM gone`;
