import { changeRecordSql, RECORD_SEPARATOR, RECORD_SEPARATOR_SQL } from '@sync-hub/stream/record-sql';
import type { EncodedRecord, StoreInStatement } from '@sync-hub/stream/stream';
import { rfc3339 } from './batch.ts';
import { IMAGE_BYTES } from './outbox-rows.ts';
import { SMALL_BATCH_ROWS } from './small-batch.ts';

/** What a look that is to bring the records of a small batch along has to know. */
export interface AtOnce {
  readonly epoch: number;
  readonly epochId: string;
  /** Of the images of all rows together. */
  readonly maxBytes: number;
  /** Of a record and its key. */
  readonly maxRecordBytes: number;
  /** Stores them in the same transaction; null: they are given back. */
  readonly store: StoreInStatement | null;
}

/** The columns that {@link partsAtOnce} adds to a look. All null when the batch has to be read. */
export interface AtOnceRow {
  /** How many records there are … */
  readonly rows: string | null;
  /** … and their bytes. */
  readonly bytes: string | null;
  /** The records, unless they were stored, and their keys as a JSON array. */
  readonly texts: string | null;
  readonly keys: string | null;
}

/**
 * Parts of the look's statement that read the batch which it fixes, if that is small and there is nothing special about it, and
 * write its records, in place of three more statements (and of two more waits for the disk, where records are stored at once).
 *
 * They have the look's own snapshot, which is the batch's end. Whatever is special is left to the publisher, and decided
 * there: many rows or large ones, a TRUNCATE, a row that is claimed, lost, or to be so. `next` is the batch that is fixed now.
 *
 * @param store  see {@link AtOnce}.
 */
export function partsAtOnce(store: StoreInStatement | null) {
  return {
    first: `first AS MATERIALIZED (
    SELECT xid, id FROM sync.committed_between($4::pg_snapshot, pg_current_snapshot()) LIMIT ${SMALL_BATCH_ROWS + 1}
  ), `,
    isWaiting: 'EXISTS (SELECT FROM first)',
    read: `
  , ids AS (
    SELECT id, max(id) OVER (PARTITION BY xid) AS last_id, count(*) OVER () AS batch_rows
    FROM first WHERE EXISTS (SELECT FROM next)
  ), rows AS MATERIALIZED (
    SELECT o.*, o.id = ids.last_id AS last, row_number() OVER (ORDER BY ids.last_id, o.id) AS place
    FROM ids CROSS JOIN LATERAL (SELECT * FROM sync.outbox WHERE id = ids.id OFFSET 0) AS o
    WHERE ids.batch_rows <= ${SMALL_BATCH_ROWS}
  ), ordinary AS MATERIALIZED (
    SELECT FROM rows HAVING
      sum(${IMAGE_BYTES}) <= $8::bigint
      AND bool_and(
        op IN ('I', 'U', 'D') AND key IS NOT NULL
        AND (op = 'I') = (old IS NULL) AND (op = 'D') = (new IS NULL)
        AND coalesce(json_typeof(old), 'object') = 'object' AND coalesce(json_typeof(new), 'object') = 'object')
      AND NOT EXISTS (SELECT FROM rows JOIN sync.claim ON outbox_id = id)
      AND NOT EXISTS (SELECT FROM rows JOIN sync.dead_letter ON outbox_id = rows.id)
  ), shapes AS MATERIALIZED (
    SELECT "table", sync.shape("table") AS shape FROM (SELECT DISTINCT "table" FROM rows) AS tables
  ), records AS MATERIALIZED (
    SELECT $6::bigint AS epoch, next.first_seq + o.place - 1 AS seq, o.scope AS key, ${recordSql} AS value
    FROM ordinary CROSS JOIN next CROSS JOIN rows AS o JOIN shapes USING ("table")
  ), complete AS MATERIALIZED (
    SELECT count(*) AS rows, sum(octet_length(value) + coalesce(octet_length(key), 0)) AS bytes
    FROM records HAVING max(octet_length(value) + coalesce(octet_length(key), 0)) <= $9::int
  )`,
    sentSeq: store === null ? 'first_seq - 1' : 'first_seq - 1 + coalesce((SELECT rows FROM complete), 0)',
    stored:
      store === null
        ? ''
        : `, stored AS (${store.insert(`
    SELECT epoch, seq, value FROM records WHERE EXISTS (SELECT FROM complete) AND EXISTS (SELECT FROM fenced)`)}
    RETURNING *
  )`,
    columns:
      store === null
        ? `, complete.rows, complete.bytes,
         (SELECT string_agg(value, ${RECORD_SEPARATOR_SQL} ORDER BY seq) FROM records WHERE complete.rows IS NOT NULL) AS texts,
         (SELECT json_agg(key ORDER BY seq) FROM records WHERE complete.rows IS NOT NULL)::text AS keys`
        : `, complete.rows, complete.bytes, ${store.tell('stored')}`,
    join: 'LEFT JOIN complete ON fenced.batch IS NOT NULL',
  };
}

const recordSql = changeRecordSql({
  epoch: '$6::bigint',
  epochId: '$7::text',
  incarnation: 'next.incarnation',
  seq: 'next.first_seq + o.place - 1',
  batch: 'next.batch',
  tag: 'next.tag',
  last: 'o.last',
  at: rfc3339('o.at'),
  xid: 'o.xid',
  table: 'o."table"',
  actor: 'o.actor',
  actorSession: 'o.actor_session',
  mutationId: 'o.mutation_id',
  traceparent: 'o.traceparent',
  op: 'o.op',
  key: 'o.key',
  scope: 'o.scope',
  shape: 'shapes.shape',
  before: 'o.old::text',
  after: 'o.new::text',
});

/** The records that a look has given back; null when there are none. @param firstSeq  of the batch. */
export function recordsOf(
  { texts, keys }: Pick<AtOnceRow, 'texts' | 'keys'>,
  epoch: number,
  firstSeq: number,
): EncodedRecord[] | null {
  if (texts === null || keys === null) return null;
  const keyOf: readonly (string | null)[] = JSON.parse(keys);
  return texts.split(RECORD_SEPARATOR).map((value, index) => {
    const key = keyOf[index] ?? null;
    const bytes = Buffer.byteLength(value) + (key === null ? 0 : Buffer.byteLength(key));
    return { epoch, seq: firstSeq + index, key, value, bytes };
  });
}
