/**
 * A batch: the transactions visible in `to` and not in `from`, fixed in `sync.batch` before anything of it is sent.
 *
 * Its rows never change and stay as long as it does, so whoever reads it again gets the same records under the same `seq`.
 */
export interface Batch {
  readonly batch: number;
  /** Which run of the server it was fenced in, which need not be that in which it is sent. */
  readonly incarnation: string;
  readonly tag: string;
  /** pg_snapshot, as text. */
  readonly from: string;
  readonly to: string;
  /** RFC 3339, UTC. */
  readonly fencedAt: string;
  /** Of its first record. */
  readonly firstSeq: number;
  /** Of the last record that the stream has acknowledged; `firstSeq - 1` before any. */
  readonly sentSeq: number;
}

/** A snapshot in which nothing is visible: the `from` of the first batch of all. */
export const NOTHING_VISIBLE = '1:1:';

/** A time as records carry it. The session's time zone is UTC. */
export const rfc3339 = (expression: string) => `to_char(${expression}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** The columns of `sync.batch` that {@link parseBatch} reads. */
export const batchColumns = `
  batch, incarnation, tag, from_snapshot::text AS "from", to_snapshot::text AS "to",
  ${rfc3339('fenced_at')} AS "fencedAt", first_seq AS "firstSeq", sent_seq AS "sentSeq"`;

/** {@link Batch} as Postgres gives it: 64-bit numbers as text. */
export type BatchRow = { readonly [K in keyof Batch]: string };

export function parseBatch(row: BatchRow): Batch {
  return {
    ...row,
    batch: Number(row.batch),
    firstSeq: Number(row.firstSeq),
    sentSeq: Number(row.sentSeq),
  };
}
