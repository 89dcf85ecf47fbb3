import type { EncodedRecord } from '@sync-hub/stream/stream';
import { type Batch, type BatchRow, batchColumns, parseBatch } from './batch.ts';
import type { Query } from './connection.ts';
import { type AtOnce, type AtOnceRow, partsAtOnce, recordsOf } from './records-at-once.ts';

/** Another relay has gone on from the batch that this one holds, or has begun a session since. Nothing was done. */
export class FencedOffError extends Error {
  override readonly name = 'FencedOffError';
}

/** What a look at the database shows. */
export interface Look {
  /** The next batch; null when there is nothing to relay, and nothing was written. */
  readonly fenced: Batch | null;
  /** Something has committed since the batch that is held. */
  readonly isWaiting: boolean;
  /** Somebody asked for a new epoch. Nothing was fenced. */
  readonly isEpochOver: boolean;
  /** All transactions below this xid have ended, and were seen by this look if they committed. */
  readonly oldestOpenXid: bigint;
  /** All records of the batch, to be published; null when it has to be read, or when they are stored. */
  readonly records: readonly EncodedRecord[] | null;
  /** What was stored with the batch: all of it. Null: nothing. */
  readonly stored: { readonly records: number; readonly bytes: number } | null;
}

/**
 * Looks whether anything has committed since `held`, and if so fixes the next batch, durably: everything that has committed
 * since `held`, which is thereby acknowledged as sent. One statement: a change that wakes the relay waits for no other.
 *
 * Of all relays that hold the same batch one gets the next: they would write the same primary key. The new `to` was taken
 * after the commit of `held`, so snapshots only grow. A statement that fences waits for its commit record to be on disk;
 * that also makes sure that a crash of the server cannot give an xid below the new `to` to another transaction.
 *
 * @param isDue   fence also a batch without rows, the heartbeat.
 * @param atOnce  bring the records along, if they are few, or store them; a look that will hardly find anything is cheaper without.
 * @throws {FencedOffError} when another relay got it, or is in charge now.
 */
export async function lookAndFence(
  query: Query,
  held: Batch,
  session: string,
  isDue: boolean,
  atOnce: AtOnce | null = null,
): Promise<Look> {
  const values = [held.batch, held.sentSeq, session, held.to, isDue];
  const [row] =
    atOnce === null
      ? await query<LookRow>(lookSql(null), values, 'look')
      : await query<LookRow>(
          lookSql(partsAtOnce(atOnce.store)),
          [...values, atOnce.epoch, atOnce.epochId, atOnce.maxBytes, atOnce.maxRecordBytes],
          atOnce.store === null ? 'look and read' : 'look and store',
        );
  if (row === undefined) throw new FencedOffError('another relay has begun a session');
  const { isWaiting, isEpochOver, oldestOpenXid, rows = null, bytes = null, texts = null, keys = null, ...batch } = row;
  const fenced = batch.batch === null ? null : parseBatch(batch);
  if (fenced === null && !isEpochOver && (isWaiting || isDue)) {
    throw new FencedOffError(`another relay has gone on from batch ${held.batch}`);
  }
  const isStored = rows !== null && atOnce !== null && atOnce.store !== null;
  return {
    fenced,
    isWaiting,
    isEpochOver,
    oldestOpenXid: BigInt(oldestOpenXid),
    records: fenced === null || atOnce === null ? null : recordsOf({ texts, keys }, atOnce.epoch, fenced.firstSeq),
    stored: isStored ? { records: Number(rows), bytes: Number(bytes) } : null,
  };
}

type LookRow = (BatchRow | { readonly batch: null }) &
  Partial<AtOnceRow> & {
    readonly isWaiting: boolean;
    readonly isEpochOver: boolean;
    readonly oldestOpenXid: string;
  };

// All parts of a statement have one snapshot: what is waiting is what lies between the two of the batch.
const lookSql = (atOnce: ReturnType<typeof partsAtOnce> | null) => `
  WITH ${atOnce?.first ?? ''}look AS MATERIALIZED (
    SELECT relay.new_epoch_reason IS NOT NULL AS is_epoch_over,
           ${atOnce?.isWaiting ?? 'EXISTS (SELECT FROM sync.committed_between($4::pg_snapshot, pg_current_snapshot()))'} AS is_waiting,
           relay.server_started_at = pg_postmaster_start_time() AS is_same_run
    FROM sync.relay_session AS relay WHERE relay.session = $3::uuid
  ), next AS MATERIALIZED (
    SELECT held.batch + 1 AS batch, sync.server_incarnation() AS incarnation, gen_random_uuid() AS tag, held.to_snapshot AS from_snapshot,
           pg_current_snapshot() AS to_snapshot, clock_timestamp() AS fenced_at, held.sent_seq + 1 AS first_seq
    FROM look JOIN sync.batch AS held ON held.batch = $1::bigint AND held.sent_seq = $2::bigint
    WHERE look.is_same_run AND NOT look.is_epoch_over AND (look.is_waiting OR $5::boolean)
  )${atOnce?.read ?? ''}, fenced AS (
    INSERT INTO sync.batch (batch, incarnation, tag, from_snapshot, to_snapshot, fenced_at, first_seq, sent_seq)
    SELECT next.*, ${atOnce?.sentSeq ?? 'first_seq - 1'} FROM next
    ON CONFLICT (batch) DO NOTHING
    RETURNING *
  )${atOnce?.stored ?? ''}
  SELECT look.is_epoch_over AS "isEpochOver", look.is_waiting AS "isWaiting",
         pg_snapshot_xmin(pg_current_snapshot())::text AS "oldestOpenXid", ${batchColumns}${atOnce?.columns ?? ''}
  FROM look LEFT JOIN fenced ON true ${atOnce?.join ?? ''}`;

/**
 * Notes that the stream has everything up to `seq`.
 *
 * Need not survive a crash of the server, so it does not wait for the disk: after one, a little more is sent again.
 *
 * @returns the batch, with its new `sentSeq`.
 */
export async function recordSent(query: Query, batch: Batch, seq: number): Promise<Batch> {
  await query(sentSql, [batch.batch, batch.tag, seq], 'sent');
  return { ...batch, sentSeq: seq };
}

const sentSql = `
  UPDATE sync.batch SET sent_seq = greatest(sent_seq, $3)
  WHERE batch = $1 AND tag = $2 AND set_config('synchronous_commit', 'off', true) IS NOT NULL`;
