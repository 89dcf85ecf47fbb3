import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { waitFor } from '@sync-hub/dev/wait-for';
import pg from 'pg';
import { createQuery, type Query } from './query.ts';
import { createStatementNames } from './statement-names.ts';

let database: TestDatabase;
let pool: pg.Pool;
let query: Query;

beforeEach(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 1 });
  pool.on('error', () => {});
  query = createQuery({ pool, nameOf: createStatementNames(), maxWaitMs: 200, maxRunMs: 500 });
});
afterEach(async () => {
  await pool.end();
  await database.close();
});

const backend = async () => (await query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))[0]?.pid;

test('a statement that comes again is prepared once, under the same name', async () => {
  for (const value of ['one', 'two']) expect(await query('SELECT $1::text AS value', value)).toEqual([{ value }]);
  const prepared = await query(
    'SELECT name FROM pg_prepared_statements WHERE statement = $1',
    'SELECT $1::text AS value',
  );
  expect(prepared).toEqual([{ name: 's0' }]);
});

test('a statement that Postgres refuses costs no connection', async () => {
  const before = await backend();
  await expect(query('SELECT 1 / $1::int', 0)).rejects.toMatchObject({ code: '22012' });
  expect(await backend()).toBe(before);
});

test('a statement whose columns a migration has changed since is run once all the same, and the next on another connection', async () => {
  await database.query('CREATE TABLE counted (n integer)');
  const insert = 'INSERT INTO counted VALUES (1) RETURNING n';
  const before = await backend();
  await query(insert);
  await database.query('ALTER TABLE counted ALTER n TYPE text');
  expect(await query(insert)).toEqual([{ n: '1' }]);
  expect(await database.query('SELECT n FROM counted')).toHaveLength(2);
  expect(await backend()).not.toBe(before);
});

test('a statement that is cancelled, or takes too long, leaves nothing behind for the next', async () => {
  await expect(query(`SELECT set_config('statement_timeout', '1', false), pg_sleep(0)`)).resolves.toHaveLength(1);
  await expect(query('SELECT pg_sleep(60)')).rejects.toMatchObject({ code: '57014' });
  expect(await query(`SELECT current_setting('statement_timeout') AS timeout`)).toEqual([{ timeout: '0' }]);
});

test('a connection that has ended is replaced', async () => {
  const before = await backend();
  const running = query('SELECT pg_sleep(60)');
  const ended = expect(running).rejects.toThrow();
  await database.query('SELECT pg_terminate_backend($1)', [before]);
  await ended;
  expect(await backend()).not.toBe(before);
});

test('nobody waits for an answer without end, and a connection that gives none is not used again', async () => {
  const before = await backend();
  await expect(query('SELECT pg_sleep(60)')).rejects.toThrow('Query read timeout');
  expect(await backend()).not.toBe(before);
  const isActive = () => database.query(`SELECT FROM pg_stat_activity WHERE pid = $1 AND state = 'active'`, [before]);
  await waitFor(async () => (await isActive()).length === 0, { what: 'the statement to be cancelled' });
});

test('nobody waits for a connection without end, and who gave up takes none', async () => {
  const client = await pool.connect();
  await expect(query('SELECT 1')).rejects.toThrow('timeout exceeded');
  client.release();
  expect(await query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});
