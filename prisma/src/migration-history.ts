import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { MigrationError } from './migration-error.ts';
import { isUnchanged, type Migration } from './migration-files.ts';

interface AppliedMigration {
  readonly migration_name: string;
  readonly checksum: string;
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly logs: string | null;
}

// As the schema engine creates it: https://github.com/prisma/prisma-engines/blob/main/schema-engine/ARCHITECTURE.md
const CREATE_TABLE = `
  CREATE TABLE _prisma_migrations (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;

/**
 * What is still to be applied, after checking that the database's history is a part of this folder's.
 *
 * @throws MigrationError when an applied migration was edited, is missing here, or failed half-way, and when the
 *   database holds tables that no migration accounts for.
 */
export async function findPending(client: Client, migrations: readonly Migration[]): Promise<Migration[]> {
  const { rows } = await client.query<{ exists: boolean }>(
    `SELECT to_regclass(quote_ident(current_schema()) || '._prisma_migrations') IS NOT NULL AS exists`,
  );
  if (rows[0]?.exists !== true) {
    await refuseForeignTables(client);
    await client.query(CREATE_TABLE);
    return [...migrations];
  }

  const applied = await client.query<AppliedMigration>(
    `SELECT migration_name, checksum, started_at, finished_at, logs
     FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`,
  );
  const byName = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const row of applied.rows) refuseBrokenHistory(row, byName.get(row.migration_name));

  const done = new Set(applied.rows.map((row) => row.migration_name));
  return migrations.filter((migration) => !done.has(migration.name));
}

/** Writes that a migration has begun. Call it inside the migration's own transaction. */
export async function recordStarted(client: Client, migration: Migration): Promise<string> {
  const id = randomUUID();
  await client.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ($1, $2, $3, clock_timestamp())`,
    [id, migration.checksum, migration.name],
  );
  return id;
}

/** Writes that a migration is applied. Call it last in the migration's own transaction. */
export async function recordFinished(client: Client, id: string): Promise<void> {
  await client.query(
    `UPDATE _prisma_migrations SET applied_steps_count = applied_steps_count + 1, finished_at = clock_timestamp() WHERE id = $1`,
    [id],
  );
}

/**
 * Writes that a migration failed, after its transaction has ended.
 *
 * @param rolledBack nothing of it remains: Prisma calls such a row rolled back, and the next run applies the file again.
 */
export async function recordFailed(
  client: Client,
  failure: { id: string; migration: Migration; startedAt: Date; logs: string; rolledBack: boolean },
): Promise<void> {
  const { id, migration, startedAt, logs, rolledBack } = failure;
  await client.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, logs, rolled_back_at)
     VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN clock_timestamp() END)
     ON CONFLICT (id) DO UPDATE SET logs = EXCLUDED.logs`,
    [id, migration.checksum, migration.name, startedAt, logs, rolledBack],
  );
}

function refuseBrokenHistory(applied: AppliedMigration, file: Migration | undefined): void {
  const name = applied.migration_name;
  if (applied.finished_at === null) {
    throw new MigrationError(
      `Migration ${name} failed on ${applied.started_at.toISOString()} and may have left parts of itself behind` +
        `${applied.logs ? `: ${applied.logs.trim()}` : '.'}\n` +
        `Undo by hand what it did, then run "npx prisma migrate resolve --rolled-back ${name}" (or, offline: ` +
        `UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '${name}' AND finished_at IS NULL) and migrate again.`,
    );
  }
  if (file === undefined) {
    throw new MigrationError(
      `The database has migration ${name}, which is not among this version's files.\n` +
        `Either this program is older than the database: run the version that made it. Or the folder was removed: restore it.`,
    );
  }
  if (!isUnchanged(file, applied.checksum)) {
    throw new MigrationError(
      `Migration ${name} was edited after it had been applied.\n` +
        `Restore migrations/${name}/migration.sql as it was, and put what you want to change into a new migration.`,
    );
  }
}

async function refuseForeignTables(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT oid::regclass::text AS name FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
       AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
     ORDER BY 1`,
  );
  if (rows.length === 0) return;
  throw new MigrationError(
    `The database is not empty (${rows.map((row) => row.name).join(', ')}), and no migration was ever recorded in it.\n` +
      `Point DATABASE_URL at an empty database, or, if these tables are what the migrations make, ` +
      `run "npx prisma migrate resolve --applied <name>" for each.`,
  );
}
