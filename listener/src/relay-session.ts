import { type Batch, type BatchRow, batchColumns, parseBatch } from './batch.ts';
import type { Query } from './connection.ts';
import { FencedOffError } from './fence.ts';

/** Which database of which server, of which history: the one changes when a database is replaced by another, the timeline at a failover. */
export interface ServerIdentity {
  readonly systemIdentifier: string;
  readonly timeline: string;
}

/** Where the relay stands, by what the database says. */
export interface Standing {
  readonly session: string;
  /** 0 before the first. */
  readonly epoch: number;
  readonly epochId: string;
  readonly epochFirstSeq: number;
  /** Somebody asked for a new epoch, or a relay began to make one and did not end. */
  readonly newEpochReason: string | null;
  readonly server: ServerIdentity;
  /** The server on which the epoch began. */
  readonly epochServer: ServerIdentity;
  readonly newest: NewestBatch | null;
}

export interface NewestBatch extends Batch {
  /** The outbox rows in it. */
  readonly rows: number;
  /** The `firstSeq` of the oldest batch that is kept. */
  readonly oldestSeq: number;
  /** It ends in the future of this server: the database is an older state of itself, or another. */
  readonly isAhead: boolean;
}

/**
 * Takes charge under a new random session, written with the server's start time.
 *
 * What a session has fenced stays as it is, also when the next one sends it: otherwise a `seq` would have two contents.
 */
export async function beginSession(query: Query): Promise<string> {
  const [row] = await query<{ session: string }>(beginSql);
  if (row === undefined) throw new Error('an upsert has returned no row');
  return row.session;
}

/** Of the server, and of the database in it: one that a dump was restored into has other oids. */
export const systemIdentifier = `concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
  (SELECT oid FROM pg_database WHERE datname = current_database()), 'sync.relay_session'::regclass::oid)`;
const timeline = 'substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)';

const beginSql = `
  INSERT INTO sync.relay_session AS mine (session, server_started_at, epoch, epoch_id, epoch_first_seq, system_identifier, timeline)
  VALUES (gen_random_uuid(), pg_postmaster_start_time(), 0, gen_random_uuid(), 1, ${systemIdentifier}, ${timeline})
  ON CONFLICT (only_row) DO UPDATE SET session = EXCLUDED.session, server_started_at = EXCLUDED.server_started_at
  RETURNING session`;

/** @throws {FencedOffError} when `session` is not the one in charge any more. */
export async function readStanding(query: Query, session: string): Promise<Standing> {
  const [row] = await query<StandingRow>(standingSql, [session]);
  if (row === undefined) throw new FencedOffError('another relay has begun a session');
  const [newest] = await query<NewestRow>(newestSql);
  return {
    session,
    epoch: Number(row.epoch),
    epochId: row.epochId,
    epochFirstSeq: Number(row.epochFirstSeq),
    newEpochReason: row.newEpochReason,
    server: { systemIdentifier: row.systemIdentifier, timeline: row.timeline },
    epochServer: { systemIdentifier: row.epochSystemIdentifier, timeline: row.epochTimeline },
    newest:
      newest === undefined
        ? null
        : {
            ...parseBatch(newest),
            rows: Number(newest.rows),
            oldestSeq: Number(newest.oldestSeq),
            isAhead: newest.isAhead,
          },
  };
}

interface StandingRow extends ServerIdentity {
  readonly epoch: string;
  readonly epochId: string;
  readonly epochFirstSeq: string;
  readonly newEpochReason: string | null;
  readonly epochSystemIdentifier: string;
  readonly epochTimeline: string;
}

interface NewestRow extends BatchRow {
  readonly rows: string;
  readonly oldestSeq: string;
  readonly isAhead: boolean;
}

const standingSql = `
  SELECT epoch, epoch_id AS "epochId", epoch_first_seq AS "epochFirstSeq", new_epoch_reason AS "newEpochReason",
         system_identifier AS "epochSystemIdentifier", timeline AS "epochTimeline",
         ${systemIdentifier} AS "systemIdentifier", ${timeline} AS timeline
  FROM sync.relay_session WHERE session = $1`;

const newestSql = `
  SELECT ${batchColumns},
         (SELECT count(*) FROM sync.committed_between(from_snapshot, to_snapshot)) AS rows,
         (SELECT first_seq FROM sync.batch ORDER BY batch LIMIT 1) AS "oldestSeq",
         pg_snapshot_xmax(to_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) AS "isAhead"
  FROM (SELECT * FROM sync.batch ORDER BY batch DESC LIMIT 1) AS newest`;
