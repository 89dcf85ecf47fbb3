import { type Batch, type BatchRow, batchColumns, parseBatch } from './batch.ts';
import type { Query } from './connection.ts';

/** Another relay has gone on from the batch that this one holds, or has begun a session since. Nothing was done. */
export class FencedOffError extends Error {
  override readonly name = 'FencedOffError';
}

/** What a look at the database shows, without writing anything. */
export interface Probe {
  /** Something has committed since the batch. */
  readonly isWaiting: boolean;
  /** Somebody asked for a new epoch. */
  readonly isEpochOver: boolean;
  /** All transactions below this xid have ended, and were seen by this look if they committed. */
  readonly oldestOpenXid: bigint;
}

/**
 * Looks whether there is anything to relay after `batch`.
 *
 * @throws {FencedOffError} when the session of this relay is not the one in charge any more.
 */
export async function probe(query: Query, batch: Batch, session: string): Promise<Probe> {
  const [row] = await query<ProbeRow>(probeSql, [session, batch.to]);
  if (row === undefined) throw new FencedOffError('another relay has begun a session');
  return { ...row, oldestOpenXid: BigInt(row.oldestOpenXid) };
}

type ProbeRow = Omit<Probe, 'oldestOpenXid'> & { readonly oldestOpenXid: string };

const probeSql = `
  SELECT new_epoch_reason IS NOT NULL AS "isEpochOver",
         EXISTS (SELECT FROM sync.committed_between($2, pg_current_snapshot())) AS "isWaiting",
         pg_snapshot_xmin(pg_current_snapshot())::text AS "oldestOpenXid"
  FROM sync.relay_session WHERE session = $1`;

/**
 * Fixes the next batch, durably: everything that has committed since `held`, which is thereby acknowledged as sent.
 *
 * Of all relays that hold the same batch one gets the next: they would write the same primary key. The new `to` was taken
 * after the commit of `held`, so snapshots only grow. The statement writes and waits for its commit record to be on disk;
 * that also makes sure that a crash of the server cannot give an xid below the new `to` to another transaction.
 *
 * @throws {FencedOffError} when another relay got it, or is in charge now.
 */
export async function fenceNext(query: Query, held: Batch, session: string): Promise<Batch> {
  const [row] = await query<BatchRow>(fenceSql, [held.batch, held.sentSeq, session]);
  if (row === undefined) throw new FencedOffError(`another relay has gone on from batch ${held.batch}`);
  return parseBatch(row);
}

const fenceSql = `
  INSERT INTO sync.batch (batch, incarnation, tag, from_snapshot, to_snapshot, fenced_at, first_seq, sent_seq)
  SELECT held.batch + 1, sync.server_incarnation(), gen_random_uuid(), held.to_snapshot, pg_current_snapshot(), clock_timestamp(),
         held.sent_seq + 1, held.sent_seq
  FROM sync.batch AS held, sync.relay_session AS relay
  WHERE held.batch = $1 AND held.sent_seq = $2
    AND relay.session = $3 AND relay.server_started_at = pg_postmaster_start_time()
  ON CONFLICT (batch) DO NOTHING
  RETURNING ${batchColumns}`;

/**
 * Notes that the stream has everything up to `seq`.
 *
 * Need not survive a crash of the server, so it does not wait for the disk: after one, a little more is sent again.
 *
 * @returns the batch, with its new `sentSeq`.
 */
export async function recordSent(query: Query, batch: Batch, seq: number): Promise<Batch> {
  await query(sentSql, [batch.batch, batch.tag, seq]);
  return { ...batch, sentSeq: seq };
}

const sentSql = `
  UPDATE sync.batch SET sent_seq = greatest(sent_seq, $3)
  WHERE batch = $1 AND tag = $2 AND set_config('synchronous_commit', 'off', true) IS NOT NULL`;
