import type { Batch } from './batch.ts';
import type { Query } from './connection.ts';
import { IMAGE_BYTES, type OutboxRow, rowsSql } from './outbox-rows.ts';

/** Up to so many rows of a batch are read at once, without asking first how many there are, and how large. */
export const SMALL_BATCH_ROWS = 256;

/**
 * All rows of a batch in the order of the log, if they are few and small; none otherwise, or when there is a newer batch
 * than `held`.
 *
 * What a single change waits for: one statement, in place of one for the transactions, one for the sizes and one for the rows.
 */
export async function readSmallBatch(
  query: Query,
  { from, to }: Batch,
  { held, maxBytes }: { readonly held: number; readonly maxBytes: number },
): Promise<readonly OutboxRow[]> {
  const rows = await query<Omit<OutboxRow, 'isOversize'>>(smallSql, [from, to, held, maxBytes], 'small batch');
  return rows.map((row) => Object.assign(row, { isOversize: false }));
}

// Planned once, perhaps while the outbox was all but empty: OFFSET 0 has each row looked up by its id, however many there are
// by now. (Joined, they were found by reading the index from its beginning.)
const smallSql = rowsSql({
  rows: `
    SELECT * FROM (
      SELECT o.*, ids.last_id, row_number() OVER (ORDER BY ids.last_id, o.id) AS place,
             sum(${IMAGE_BYTES}) OVER () AS batch_bytes
      FROM (
        SELECT id, max(id) OVER (PARTITION BY xid) AS last_id, count(*) OVER () AS batch_rows
        FROM (SELECT xid, id FROM sync.committed_between($1, $2) LIMIT ${SMALL_BATCH_ROWS + 1}) AS first
      ) AS ids CROSS JOIN LATERAL (SELECT * FROM sync.outbox WHERE id = ids.id OFFSET 0) AS o
      WHERE ids.batch_rows <= ${SMALL_BATCH_ROWS} AND (SELECT max(batch) FROM sync.batch) = $3::bigint
    ) AS batch
    WHERE batch_bytes <= $4::bigint`,
  images: 'o.old::text, o.new::text, o.id = o.last_id AS last',
});
