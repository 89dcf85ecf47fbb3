import pg from 'pg';
import { createStream } from './create-stream.ts';
import { newestPosition, readPostgresBounds } from './postgres-bounds.ts';
import { type Nudges, startNudges } from './postgres-nudges.ts';
import { startPostgresReader } from './postgres-reader.ts';
import { createRetention } from './postgres-retention.ts';
import { MAX_RECORD_BYTES } from './record-limits.ts';
import { RECORD_SEPARATOR, RECORD_SEPARATOR_SQL } from './record-sql.ts';
import type { Stream } from './stream.ts';
import type { StreamLog } from './stream-log.ts';

const CHANNEL = 'sync_log';

/**
 * One statement, hence one transaction and one round trip. ON CONFLICT makes it idempotent, and waits for a transaction
 * that is storing the same places. `synchronous_commit` is raised to `on` for this transaction where it is weaker, and
 * left alone where it is stronger (`remote_apply`): what is acknowledged must survive a crash.
 *
 * The records come as one text: in an array, pg would have to escape each of their quotes. (Were the separator in one, a NOT
 * NULL would refuse the whole.)
 */
const PUBLISH = `
  WITH stored AS (
    INSERT INTO sync.log (epoch, seq, payload)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], string_to_array($3, ${RECORD_SEPARATOR_SQL}))
    ON CONFLICT (epoch, seq) DO NOTHING
  )
  SELECT pg_notify('${CHANNEL}', ''), set_config('synchronous_commit',
    CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)`;

export interface PostgresStreamSettings {
  /** A direct connection to the primary: LISTEN does not work through a pooler of transactions. */
  readonly databaseUrl: string;
  /** How long records are kept at least. */
  readonly retentionMs: number;
  readonly log: StreamLog;
  /** How often a reader looks without having been nudged. */
  readonly pollMs?: number;
}

/**
 * The log as a table, `sync.log`: the embedded default, for one machine or a few.
 *
 * @throws Postgres's own error when the database cannot be reached or its migrations are not applied.
 */
export async function createPostgresStream({
  databaseUrl,
  retentionMs,
  log,
  pollMs = 250,
}: PostgresStreamSettings): Promise<Stream> {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    application_name: 'sync-hub stream',
    max: 4,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    query_timeout: 30_000,
  });
  pool.on('error', (error) => log.debug({ err: error }, 'an idle connection of the stream was lost'));
  try {
    await pool.query('SELECT FROM sync.log LIMIT 0');
  } catch (error) {
    await pool.end();
    throw error;
  }

  const retention = createRetention({ pool, retentionMs, log });
  let nudges: Nudges | null = null; // A process that only publishes does not listen.

  return createStream({
    maxRecordBytes: MAX_RECORD_BYTES,
    inStatement: {
      // Without ON CONFLICT: whoever fixes a batch is the first to store anything of it, or this is another history.
      insert: (records) =>
        `INSERT INTO sync.log (epoch, seq, payload) SELECT epoch, seq, value FROM (${records}) AS records`,
      tell: (stored) => `CASE WHEN EXISTS (SELECT FROM ${stored}) THEN pg_notify('${CHANNEL}', '') END`,
      stored: retention.sweepIfDue,
    },
    async store(records) {
      await pool.query({
        name: 'publish', // Prepared once a connection.
        text: PUBLISH,
        values: [
          records.map(({ epoch }) => epoch),
          records.map(({ seq }) => seq),
          records.map(({ value }) => value).join(RECORD_SEPARATOR),
        ],
      });
      retention.sweepIfDue();
    },
    async read(from, sink) {
      const start = from === 'earliest' ? null : from === 'latest' ? await newestPosition(pool) : from;
      if (pool.ending) throw new Error('the stream was closed');
      nudges ??= startNudges({ databaseUrl, applicationName: 'sync-hub stream: listen', channel: CHANNEL, log });
      return startPostgresReader({ pool, nudges, pollMs, from: start, sink, log });
    },
    bounds: () => readPostgresBounds(pool),
    async close() {
      await nudges?.close();
      await retention.close();
      await pool.end();
    },
  });
}
