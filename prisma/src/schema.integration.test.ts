import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import pg from 'pg';
import { createSchemaEngine, type SchemaEngine } from './testing/schema-engine.ts';

const schema = readFileSync(new URL('../schema.prisma', import.meta.url), 'utf8');

let database: TestDatabase;
let connection: pg.Pool; // one connection, so that the engine looks into this test's open transaction
let engine: SchemaEngine;

beforeAll(async () => {
  database = await createTestDatabase();
  connection = new pg.Pool({ connectionString: database.url, max: 1 });
  engine = await createSchemaEngine(connection);
});

afterAll(async () => {
  await connection?.end();
  await database?.close();
});

test('schema.prisma describes what the migrations make, in the eyes of Prisma’s own engine', async () => {
  expect(await engine.diff(schema)).toBeNull();
});

test('the outbox is vacuumed by rows, at full speed, and its file never truncated, which would lock out all writers', async () => {
  const options = await database.query<{ option: string }>(
    `SELECT unnest(reloptions) AS option FROM pg_class WHERE oid = 'sync.outbox'::regclass
     UNION ALL
     SELECT 'toast.' || unnest(reloptions) FROM pg_class
     WHERE oid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'sync.outbox'::regclass)`,
  );
  expect(options.map(({ option }) => option)).toEqual(
    expect.arrayContaining([
      'autovacuum_vacuum_scale_factor=0',
      'autovacuum_vacuum_threshold=5000',
      'autovacuum_vacuum_insert_scale_factor=0',
      'autovacuum_analyze_scale_factor=0',
      'autovacuum_vacuum_cost_delay=0',
      'vacuum_truncate=off',
      'toast.autovacuum_vacuum_scale_factor=0',
      'toast.autovacuum_vacuum_cost_delay=0',
      'toast.vacuum_truncate=off',
    ]),
  );
});

describe('a drift is noticed', () => {
  test.each([
    ['a table without a model', 'CREATE TABLE extra (id integer PRIMARY KEY)'],
    ['a model without a table', 'DROP TABLE mutation_claims'],
    ['a column without a field', 'ALTER TABLE tasks ADD COLUMN extra text'],
    ['a field without a column', 'ALTER TABLE tasks DROP COLUMN due_at'],
    ['another type', 'ALTER TABLE tasks ALTER COLUMN priority TYPE bigint'],
    ['another precision', 'ALTER TABLE tasks ALTER COLUMN due_at TYPE timestamptz(6)'],
    ['a column that may be null', 'ALTER TABLE tasks ALTER COLUMN title DROP NOT NULL'],
    ['a column that may not be null', 'ALTER TABLE tasks ALTER COLUMN due_at SET NOT NULL'],
    ['another default', `ALTER TABLE tasks ALTER COLUMN position SET DEFAULT 'b0'`],
    ['a default that is gone', 'ALTER TABLE tasks ALTER COLUMN id DROP DEFAULT'],
    ['a default too many', `ALTER TABLE tasks ALTER COLUMN title SET DEFAULT 'untitled'`],
    ['another value of an enum', `ALTER TYPE task_status ADD VALUE 'BLOCKED'`],
    ['a primary key that is gone', 'ALTER TABLE mutation_claims DROP CONSTRAINT mutation_claims_pkey'],
    ['a uniqueness that is gone', 'ALTER TABLE members DROP CONSTRAINT members_workspace_id_user_id_key'],
    ['an index that is gone', 'DROP INDEX tasks_assignee_id_idx'],
    ['an index too many', 'CREATE INDEX extra ON tasks (due_at)'],
    ['a foreign key that is gone', 'ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey'],
    [
      'another action of a foreign key',
      `ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey,
       ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE RESTRICT`,
    ],
  ])('%s', async (_what, sql) => {
    await connection.query('BEGIN');
    await connection.query(sql);
    expect(await engine.diff(schema)).not.toBeNull();
    await connection.query('ROLLBACK');
  });
});
