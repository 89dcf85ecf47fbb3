import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { MigrationError } from './migration-error.ts';
import { type Migration, readMigrations } from './migration-files.ts';
import { findPending, recordFailed, recordFinished, recordStarted } from './migration-history.ts';

/** The number under which `prisma migrate` locks a database: the two then wait for each other. */
const PRISMA_LOCK = 72707369;

/** SQLSTATE after lock_timeout. */
const LOCK_NOT_AVAILABLE = '55P03';

/** `prisma/migrations`, seen from `src` and from `dist` alike. */
const OWN_MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));

export interface MigrateOptions {
  /** Told of each migration when it is committed. */
  readonly log?: (message: string) => void;
  /** Folder of migrations. Default: this package's own. */
  readonly folder?: string;
  /** How long to wait for another process that is migrating. Default: one minute. */
  readonly lockTimeoutMs?: number;
}

/**
 * Brings a database up to the newest migration, without Prisma's schema engine (which has to be downloaded).
 *
 * Each migration is one transaction: it is applied whole or not at all. Processes that migrate at once wait for each
 * other. `_prisma_migrations` is kept as `prisma migrate deploy` keeps it, so that either may go on where the other ended.
 *
 * @returns the names of what was applied, in order; none when the database was up to date.
 * @throws MigrationError, with one message that says what to do; the migrations before the failed one stay applied.
 * @see https://github.com/prisma/prisma-engines/blob/main/schema-engine/ARCHITECTURE.md
 */
export async function migrate(
  database: string | pg.ClientConfig,
  { log = () => {}, folder = OWN_MIGRATIONS, lockTimeoutMs = 60_000 }: MigrateOptions = {},
): Promise<string[]> {
  const migrations = await readMigrations(folder);
  const client = new pg.Client(typeof database === 'string' ? { connectionString: database } : database);
  // Without a listener a lost connection would end the process; the query under way rejects anyway.
  client.on('error', () => {});
  await client.connect().catch((cause: unknown) => {
    const { host, port, database: name } = client;
    throw new MigrationError(
      `No connection to the database ${name} at ${host}:${port}: ${describe(cause)}\n` +
        'Start the server, or correct DATABASE_URL (postgres://user:password@host:port/name).',
      { cause },
    );
  });
  try {
    await lock(client, lockTimeoutMs);
    const pending = await findPending(client, migrations);
    for (const migration of pending) {
      await apply(client, migration);
      log(`applied ${migration.name}`);
    }
    return pending.map((migration) => migration.name);
  } finally {
    await client.end();
  }
}

async function lock(client: pg.Client, timeoutMs: number): Promise<void> {
  await client.query(`SET lock_timeout = ${timeoutMs}`);
  try {
    await client.query('SELECT pg_advisory_lock($1)', [PRISMA_LOCK]);
  } catch (cause) {
    if (!(cause instanceof pg.DatabaseError) || cause.code !== LOCK_NOT_AVAILABLE) throw cause;
    throw new MigrationError(
      `Another process has been migrating this database for ${timeoutMs / 1000} s.\n` +
        `Wait for it, or end it (its pid: SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = ${PRISMA_LOCK} AND granted).`,
      { cause },
    );
  }
  await client.query('RESET lock_timeout');
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  const startedAt = new Date();
  await client.query('BEGIN');
  const id = await recordStarted(client, migration);
  const xid = await currentTransaction(client);
  try {
    await client.query(migration.sql);
    if ((await currentTransaction(client)) !== xid) {
      throw new MigrationError('it contains COMMIT or ROLLBACK, but each migration is one transaction already');
    }
    // What a migration SETs is its own: the next one starts from the same session, and our table is found again.
    await client.query('RESET ALL');
    await recordFinished(client, id);
    await client.query('COMMIT');
  } catch (cause) {
    const rolledBack = !(cause instanceof MigrationError);
    const logs = describe(cause, migration.sql);
    try {
      await client.query('ROLLBACK');
      await recordFailed(client, { id, migration, startedAt, logs, rolledBack });
    } catch {
      // The connection is gone, and Postgres has rolled back by itself: there is nothing to record.
    }
    throw new MigrationError(
      `Migration ${migration.name} failed: ${logs}\n` +
        (rolledBack
          ? `It was rolled back whole. Correct migrations/${migration.name}/migration.sql and migrate again.`
          : `What it had committed by itself stays. Migrate again to be told how to go on.`),
      { cause },
    );
  }
}

async function currentTransaction(client: pg.Client): Promise<string | undefined> {
  const { rows } = await client.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid');
  return rows[0]?.xid;
}

/** What went wrong, with the line of the SQL it is about. */
function describe(error: unknown, sql = ''): string {
  // Node tries every address of a host, and gives their errors together under no message.
  if (error instanceof AggregateError) return error.errors.map((each) => describe(each)).join('; ');
  if (!(error instanceof pg.DatabaseError)) return error instanceof Error ? error.message : String(error);
  const line = error.position === undefined ? '' : ` (line ${sql.slice(0, Number(error.position)).split('\n').length})`;
  return [`${error.message}${line}`, error.detail, error.hint].filter((part) => part !== undefined).join(' – ');
}
