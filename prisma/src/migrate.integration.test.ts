import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { waitFor } from '@sync-hub/dev/wait-for';
import pg from 'pg';
import { migrate } from './migrate.ts';
import { readMigrations } from './migration-files.ts';
import { createSchemaEngine } from './testing/schema-engine.ts';

const OWN_MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));
const OWN_NAMES = (await readdir(OWN_MIGRATIONS)).filter((name) => /^\d/.test(name)).sort();

const FIRST = '20250101000000_first';
const SECOND = '20250102000000_second';

/** A migrated database is emptied: what the migrator meets on its first day. */
const EMPTY = `DROP SCHEMA IF EXISTS sync CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public;`;

let database: TestDatabase;
let folder: string;

beforeEach(async () => {
  database = await createTestDatabase();
  await database.query(EMPTY);
  folder = await mkdtemp(join(tmpdir(), 'migrations-'));
  await write(FIRST, 'CREATE TABLE first (id integer);');
  await write(SECOND, 'CREATE TABLE second (id integer);');
});

afterEach(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

async function write(name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, 'migration.sql'), sql);
}

async function history() {
  return database.query(
    `SELECT migration_name, checksum, finished_at >= started_at AS finished, rolled_back_at >= started_at AS rolled_back, logs, applied_steps_count
     FROM _prisma_migrations ORDER BY started_at`,
  );
}

async function tables(): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1`,
  );
  return rows.map((row) => row.name);
}

async function withPrisma<T>(use: (engine: Awaited<ReturnType<typeof createSchemaEngine>>) => Promise<T>): Promise<T> {
  const pool = new pg.Pool({ connectionString: database.url });
  try {
    return await use(await createSchemaEngine(pool));
  } finally {
    await pool.end();
  }
}

test('an empty database gets every migration, in order, and each is told of', async () => {
  const told: string[] = [];
  expect(await migrate(database.url, { log: (message) => told.push(message) })).toEqual(OWN_NAMES);
  expect(told).toEqual(OWN_NAMES.map((name) => `applied ${name}`));
});

test('a second run finds nothing to do', async () => {
  await migrate(database.url, { folder });
  expect(await migrate(database.url, { folder })).toEqual([]);
  expect(await history()).toHaveLength(2);
});

test('only what is new is applied', async () => {
  await migrate(database.url, { folder });
  await write('20250103000000_third', 'CREATE TABLE third (id integer);');
  expect(await migrate(database.url, { folder })).toEqual(['20250103000000_third']);
});

test('of processes that migrate at once, one applies and the others find nothing to do', async () => {
  const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(database.url)));
  expect(applied.flat()).toEqual(OWN_NAMES);
});

test('another process that never ends is named after a while', async () => {
  const other = new pg.Client(database.url);
  await other.connect();
  await other.query('SELECT pg_advisory_lock(72707369)');
  await expect(migrate(database.url, { folder, lockTimeoutMs: 100 })).rejects.toThrow(
    /^Another process has been migrating this database for 0.1 s.\nWait for it, or end it/,
  );
  await other.end();
});

describe('Prisma’s own engine', () => {
  test('would have written the same history', async () => {
    await migrate(database.url, { folder });
    const ours = await history();
    await database.query(EMPTY);
    const migrations = await readMigrations(folder);
    expect(await withPrisma((engine) => engine.deploy(migrations))).toEqual([FIRST, SECOND]);
    expect(await history()).toEqual(ours);
  });

  test('would have made the same table of it', async () => {
    const columns = () =>
      database.query(
        `SELECT attnum, attname, format_type(atttypid, atttypmod) AS type, attnotnull, pg_get_expr(adbin, adrelid) AS "default",
           (SELECT array_agg(pg_get_indexdef(indexrelid)) FROM pg_index WHERE indrelid = attrelid) AS indexes
         FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
         WHERE attrelid = '_prisma_migrations'::regclass AND attnum > 0 ORDER BY attnum`,
      );
    await migrate(database.url, { folder });
    const ours = await columns();
    await database.query(EMPTY);
    await withPrisma(async (engine) => engine.deploy(await readMigrations(folder)));
    expect(await columns()).toEqual(ours);
  });

  test('finds a database migrated here up to date, and goes on where it ended', async () => {
    await migrate(database.url, { folder });
    expect(await withPrisma(async (engine) => engine.status(await readMigrations(folder)))).toEqual({
      edited: [],
      failed: [],
      unapplied: [],
    });
    await write('20250103000000_third', 'CREATE TABLE third (id integer);');
    expect(await withPrisma(async (engine) => engine.deploy(await readMigrations(folder)))).toEqual([
      '20250103000000_third',
    ]);
    expect(await migrate(database.url, { folder })).toEqual([]);
  });

  test('writes the checksum that is the sha256 of the file', async () => {
    await migrate(database.url);
    const [domain] = OWN_NAMES;
    const file = await readFile(join(OWN_MIGRATIONS, String(domain), 'migration.sql'));
    expect((await history())[0]).toMatchObject({
      migration_name: domain,
      checksum: createHash('sha256').update(file).digest('hex'),
      applied_steps_count: 1,
    });
  });
});

describe('a history that cannot be continued is refused, saying what to do, and nothing is applied', () => {
  beforeEach(async () => {
    await migrate(database.url, { folder });
    await write('20250103000000_third', 'CREATE TABLE third (id integer);');
  });

  afterEach(async () => {
    expect(await tables()).not.toContain('third');
  });

  test('an applied migration was edited', async () => {
    await write(FIRST, 'CREATE TABLE first (id bigint);');
    await expect(migrate(database.url, { folder })).rejects.toThrow(
      `Migration ${FIRST} was edited after it had been applied.\nRestore migrations/${FIRST}/migration.sql as it was`,
    );
  });

  test('an applied migration is missing', async () => {
    await rm(join(folder, SECOND), { recursive: true });
    await expect(migrate(database.url, { folder })).rejects.toThrow(
      `The database has migration ${SECOND}, which is not among this version's files.`,
    );
  });

  test('a folder has no migration.sql', async () => {
    await rm(join(folder, SECOND, 'migration.sql'));
    await expect(migrate(database.url, { folder })).rejects.toThrow(
      /migration.sql cannot be read. Restore the file, or remove its folder.$/,
    );
  });

  test('`prisma migrate deploy` failed half-way, and the message’s own SQL resolves it', async () => {
    await write('20250102000001_bad', 'SELECT 1 / 0;');
    await expect(withPrisma(async (engine) => engine.deploy(await readMigrations(folder)))).rejects.toThrow();
    const refusal = await migrate(database.url, { folder }).catch((error: Error) => error.message);
    expect(refusal).toMatch(/^Migration 20250102000001_bad failed on .* and may have left parts of itself behind/);

    await database.query(String(/offline: (UPDATE [^)]*\) WHERE .*? IS NULL)/.exec(String(refusal))?.[1]));
    await rm(join(folder, '20250102000001_bad'), { recursive: true });
    await rm(join(folder, '20250103000000_third'), { recursive: true });
    expect(await migrate(database.url, { folder })).toEqual([]);
  });
});

test('line endings that git changed are no edit', async () => {
  await write(FIRST, 'CREATE TABLE first (\n  id integer\n);\n');
  await migrate(database.url, { folder });
  await write(FIRST, 'CREATE TABLE first (\r\n  id integer\r\n);\r\n');
  expect(await migrate(database.url, { folder })).toEqual([]);
});

describe('a migration that fails', () => {
  test('leaves nothing of itself, is recorded, and is applied again once it is corrected', async () => {
    await write(
      SECOND,
      'CREATE TABLE second (id integer);\nCREATE TABLE half (id integer);\nSELECT 1 / 0;\nSELECT nonsense;',
    );
    await expect(migrate(database.url, { folder })).rejects.toThrow(
      `Migration ${SECOND} failed: division by zero\nIt was rolled back whole. Correct migrations/${SECOND}/migration.sql and migrate again.`,
    );
    expect(await tables()).toEqual(['_prisma_migrations', 'first']);
    expect(await history()).toMatchObject([
      { migration_name: FIRST, finished: true },
      { migration_name: SECOND, finished: null, rolled_back: true, logs: 'division by zero', applied_steps_count: 0 },
    ]);

    await write(SECOND, 'CREATE TABLE second (id integer);');
    expect(await migrate(database.url, { folder })).toEqual([SECOND]);
  });

  test('names the line', async () => {
    await write(SECOND, 'CREATE TABLE second (id integer);\n\nSELECT nonsense;');
    await expect(migrate(database.url, { folder })).rejects.toThrow('column "nonsense" does not exist (line 3)');
  });

  test('because its connection was lost leaves nothing either', async () => {
    await write(SECOND, 'CREATE TABLE second (id integer); SELECT pg_sleep(60);');
    const migrated = migrate(database.url, { folder }).catch((error: Error) => error.message);
    const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`;
    await waitFor(async () => (await database.query(terminate)).length > 0, { what: 'the migration to sleep' });
    expect(await migrated).toMatch(`Migration ${SECOND} failed: terminating connection`);
    expect(await tables()).toEqual(['_prisma_migrations', 'first']);

    await write(SECOND, 'CREATE TABLE second (id integer);');
    expect(await migrate(database.url, { folder })).toEqual([SECOND]);
  });

  test('or that would end its transaction itself is stopped, and resolved by hand', async () => {
    await write(SECOND, 'CREATE TABLE second (id integer);\nCOMMIT;\nBEGIN;');
    await expect(migrate(database.url, { folder })).rejects.toThrow('it contains COMMIT or ROLLBACK');
    await expect(migrate(database.url, { folder })).rejects.toThrow(
      `UPDATE _prisma_migrations SET rolled_back_at = now() WHERE`,
    );
  });
});

test('what a migration sets in its session does not reach the next one', async () => {
  await write(
    FIRST,
    `SELECT set_config('search_path', '', false); SET lock_timeout = 1; CREATE TABLE public.first (id integer);`,
  );
  await migrate(database.url, { folder });
  expect(await tables()).toContain('second');
});

test('a database with tables of somebody else is left alone', async () => {
  await database.query('CREATE TABLE theirs (id integer)');
  await expect(migrate(database.url, { folder })).rejects.toThrow(
    'The database is not empty (theirs), and no migration was ever recorded in it.',
  );
  expect(await tables()).toEqual(['theirs']);
});

test('without a server the message names the address, and no password', async () => {
  const refused = await migrate('postgres://someone:secret@127.0.0.1:1/nowhere').catch((error: Error) => error.message);
  expect(refused).toMatch(/^No connection to the database nowhere at 127.0.0.1:1: .*ECONNREFUSED/);
  expect(refused).not.toContain('secret');
});
