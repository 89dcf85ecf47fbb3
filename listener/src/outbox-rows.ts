import { rfc3339 } from './batch.ts';
import type { Query } from './connection.ts';
import type { Transaction } from './transactions.ts';

/** What is known of an outbox row before it is fetched. */
export interface PlannedRow {
  readonly id: string;
  /** The last of its transaction. */
  readonly last: boolean;
  /** UTF-8 bytes of its two images. */
  readonly bytes: number;
}

/** A row of `sync.outbox`, with what was decided about it before, should it have been sent before. */
export interface OutboxRow {
  readonly id: string;
  readonly xid: string;
  readonly table: string;
  readonly op: string;
  readonly key: string | null;
  readonly scope: string | null;
  /** JSON text, not parsed. */
  readonly old: string | null;
  readonly new: string | null;
  readonly at: string;
  readonly actor: string | null;
  readonly actorSession: string | null;
  readonly mutationId: string | null;
  readonly traceparent: string | null;
  readonly shape: string;
  /** The last of its transaction. */
  readonly last: boolean;
  /** Its images were not fetched, being larger than any record may be. */
  readonly isOversize: boolean;
  /** It is in `sync.claim`. */
  readonly isClaimed: boolean;
  /** Why it was parked in `sync.dead_letter`. */
  readonly lostReason: string | null;
}

/** A row that the batch must hold is not in the outbox: somebody else deletes there. */
export class MissingRowsError extends Error {
  override readonly name = 'MissingRowsError';
}

/** Consecutive rows of consecutive transactions. */
export interface Slice {
  readonly transactions: readonly Transaction[];
  /** So many rows of the first of them come before … */
  readonly done: number;
  /** … of which this is the last one's id; 0 when there are none. */
  readonly afterId: string;
  /** How many they are, from there on. */
  readonly rows: number;
}

/**
 * What a row takes besides its images, about: in a record of Kafka, where its table, author, transaction and place in the log are
 * told, so that a piece is one batch there; and in memory.
 */
export const ROW_OVERHEAD_BYTES = 700;

/** SQL: what the images of a row of the outbox take. It is in the row's own header: nothing is fetched, let alone unpacked, to know it. */
export const IMAGE_BYTES = 'coalesce(octet_length(old::text), 0) + coalesce(octet_length(new::text), 0)';

/**
 * Ids and sizes of a slice's rows, in the order of the log.
 *
 * @throws {MissingRowsError} rather than to number what is left.
 */
export async function planRows(query: Query, slice: Slice): Promise<readonly PlannedRow[]> {
  const { transactions, afterId, rows } = slice;
  const planned = await query<PlannedRow>(planSql, [
    transactions.map(({ xid }) => xid),
    transactions.map(({ lastId }) => lastId),
    afterId,
    rows,
  ]);
  if (planned.length !== rows) throw new MissingRowsError(`${rows} outbox rows expected, ${planned.length} found`);
  return planned;
}

const planSql = `
  SELECT o.id, o.id = t.last_id AS last, o.bytes
  FROM unnest($1::xid8[], $2::bigint[]) WITH ORDINALITY AS t (xid, last_id, place)
    CROSS JOIN LATERAL (
      SELECT id, ${IMAGE_BYTES} AS bytes
      FROM sync.outbox WHERE xid = t.xid AND id > CASE t.place WHEN 1 THEN $3::bigint ELSE 0 END ORDER BY id LIMIT $4
    ) AS o
  ORDER BY t.last_id, o.id LIMIT $4`;

/** The id of the transaction's row before which `count` of its rows lie, itself included. */
export async function idOfRow(query: Query, { xid }: Transaction, count: number): Promise<string> {
  const [row] = await query<{ id: string }>(
    'SELECT id FROM sync.outbox WHERE xid = $1 ORDER BY id OFFSET $2::bigint - 1 LIMIT 1',
    [xid, count],
  );
  if (row === undefined) throw new MissingRowsError(`transaction ${xid} has fewer than ${count} outbox rows`);
  return row.id;
}

/**
 * The rows, in the order of `planned`.
 *
 * @param maxBytes  images that are larger together are not fetched.
 * @throws {MissingRowsError}
 */
export async function fetchRows(
  query: Query,
  planned: readonly PlannedRow[],
  maxBytes: number,
): Promise<readonly OutboxRow[]> {
  const ids = planned.map(({ id }) => id);
  const oversize = planned.filter(({ bytes }) => bytes > maxBytes).map(({ id }) => id);
  const rows = await query<Omit<OutboxRow, 'last' | 'isOversize'>>(fetchSql, [ids, oversize]);
  if (rows.length !== ids.length)
    throw new MissingRowsError(`${ids.length} outbox rows expected, ${rows.length} found`);
  // Into the row itself, which nobody else has: copying it costs more than reading it.
  return rows.map((row, index) =>
    Object.assign(row, { last: planned[index]?.last === true, isOversize: (planned[index]?.bytes ?? 0) > maxBytes }),
  );
}

/**
 * Outbox rows as {@link OutboxRow}, the fingerprint of each table once, not once a row.
 *
 * @param rows    SQL of the outbox rows, each with its `place` in the order.
 * @param images  SQL of the columns `old` and `new`, of a row called `o`.
 */
export const rowsSql = ({ rows, images }: { readonly rows: string; readonly images: string }) => `
  WITH rows AS (${rows}), shapes AS MATERIALIZED (
    SELECT "table", sync.shape("table") AS shape FROM (SELECT DISTINCT "table" FROM rows) AS tables
  )
  SELECT o.id, o.xid::text, o."table", o.op, o.key, o.scope, ${images},
         ${rfc3339('o.at')} AS at, o.actor, o.actor_session AS "actorSession", o.mutation_id AS "mutationId", o.traceparent,
         shapes.shape, claim.outbox_id IS NOT NULL AS "isClaimed", dead_letter.reason AS "lostReason"
  FROM rows AS o
    JOIN shapes USING ("table")
    LEFT JOIN sync.claim ON claim.outbox_id = o.id
    LEFT JOIN sync.dead_letter ON dead_letter.outbox_id = o.id
  ORDER BY o.place`;

const fetchSql = rowsSql({
  rows: `SELECT o.*, wanted.place FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, place) JOIN sync.outbox AS o USING (id)`,
  images: ['old', 'new']
    .map((image) => `CASE WHEN o.id <> ALL ($2::bigint[]) THEN o.${image}::text END AS ${image}`)
    .join(', '),
});
