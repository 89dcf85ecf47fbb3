import type { Bounds } from '@sync-hub/stream/stream';
import { NOTHING_VISIBLE } from './batch.ts';
import type { Query } from './connection.ts';
import { lastSeq } from './epoch.ts';
import { FencedOffError } from './fence.ts';
import { type Standing, systemIdentifier } from './relay-session.ts';

/** Rows of one DELETE: some tens of milliseconds, so that neither locks nor WAL pile up. */
const PURGE_ROWS = 5_000;

/**
 * Begins a new history of the log, with an empty batch (which is published as a heartbeat).
 *
 * Every client reads its rows anew, so what had committed before need not be told, sent or not: the outbox is emptied.
 * It has to be: in a replaced database transaction ids start again, and rows of another server's transactions would be
 * taken for those of new ones with the same ids. Transactions that are open meanwhile are told in full.
 *
 * A crash in between is no harm: the reason is noted first, and whoever relays next begins here again.
 *
 * @throws {FencedOffError} when another relay has gone on: then what looked like another history was its work.
 */
export async function beginEpoch(
  query: Query,
  { standing, bounds, reason }: { standing: Standing; bounds: Bounds | null; reason: string },
): Promise<void> {
  const held = standing.newest?.batch ?? 0;
  const noted = await query(noteSql, [reason, standing.session, held]);
  if (noted.length === 0) throw new FencedOffError(`another relay has gone on from batch ${held}`);

  const isFirst = standing.epoch === 0;
  if (!isFirst) await purge(query);

  const epoch = Math.max(standing.epoch, bounds?.newest.epoch ?? 0) + 1;
  const firstSeq = Math.max(lastSeq(standing), bounds?.newest.seq ?? 0) + 1;
  try {
    const begun = await query(beginSql, [standing.session, held, epoch, firstSeq, isFirst ? NOTHING_VISIBLE : null]);
    if (begun.length === 0) throw new FencedOffError('another relay has begun a session');
  } catch (cause) {
    if (!isUniqueViolation(cause)) throw cause;
    throw new FencedOffError(`another relay has gone on from batch ${held}`, { cause });
  }
}

async function purge(query: Query): Promise<void> {
  const [range] = await query<{ last: string | null }>('SELECT max(id) AS last FROM sync.outbox');
  if (range === undefined || range.last === null) return;
  await query('DELETE FROM sync.claim');
  for (let after: string | null = '0'; after !== null; ) {
    const [step]: readonly { last: string | null }[] = await query(purgeSql, [after, range.last, PURGE_ROWS]);
    after = step?.last ?? null;
  }
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505';
}

const noteSql = `
  UPDATE sync.relay_session SET new_epoch_reason = $1
  WHERE session = $2 AND (SELECT coalesce(max(batch), 0) FROM sync.batch) = $3
  RETURNING session`;

const purgeSql = `
  WITH purged AS (
    DELETE FROM sync.outbox WHERE id IN (
      SELECT id FROM sync.outbox WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3
    ) RETURNING id
  ) SELECT max(id) AS last FROM purged`;

const beginSql = `
  WITH begun AS (
    UPDATE sync.relay_session SET
      epoch = $3, epoch_id = gen_random_uuid(), epoch_first_seq = $4, new_epoch_reason = NULL,
      system_identifier = ${systemIdentifier},
      timeline = substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
    WHERE session = $1 AND server_started_at = pg_postmaster_start_time()
    RETURNING session
  ), dropped AS (
    DELETE FROM sync.batch WHERE EXISTS (SELECT FROM begun)
  )
  INSERT INTO sync.batch (batch, incarnation, tag, from_snapshot, to_snapshot, fenced_at, first_seq, sent_seq)
  SELECT $2::bigint + 1, sync.server_incarnation(), gen_random_uuid(), coalesce($5::pg_snapshot, pg_current_snapshot()), pg_current_snapshot(),
         clock_timestamp(), $4::bigint, $4::bigint - 1
  FROM begun RETURNING batch`;
