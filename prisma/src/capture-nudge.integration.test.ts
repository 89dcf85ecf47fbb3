import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPostgres } from '@sync-hub/dev/postgres';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { waitFor } from '@sync-hub/dev/wait-for';
import pg from 'pg';
import { migrate } from './migrate.ts';

let database: TestDatabase;
let listener: pg.Client;
let nudges: pg.Notification[];

beforeAll(async () => {
  database = await createTestDatabase();
  listener = new pg.Client(database.url);
  listener.on('notification', (nudge) => nudges.push(nudge));
  await listener.connect();
  await listener.query('LISTEN sync; LISTEN probe');
});

afterAll(async () => {
  await listener?.end();
  await database?.close();
});

/** The nudges of what `sql` committed. Notifications arrive in the order of commits: after a later probe there is none left to come. */
async function nudgesOf(sql: string): Promise<pg.Notification[]> {
  nudges = [];
  await database.query(sql);
  await database.query('NOTIFY probe');
  await waitFor(() => nudges.some(({ channel }) => channel === 'probe'), { what: 'the probe' });
  return nudges.filter(({ channel }) => channel === 'sync');
}

test('a transaction nudges the listener once, without a payload', async () => {
  const sql = `
    BEGIN; INSERT INTO workspaces (name) VALUES ('one'), ('two'); UPDATE workspaces SET name = 'three'; DELETE FROM workspaces;
    TRUNCATE comments; COMMIT`;
  expect(await nudgesOf(sql)).toMatchObject([{ channel: 'sync', payload: '' }]);
});

test('a statement that meets no row does not nudge', async () => {
  expect(await nudgesOf(`UPDATE workspaces SET name = 'none' WHERE false`)).toEqual([]);
});

test('an update that is no change does not nudge', async () => {
  await nudgesOf(
    `CREATE TABLE plain (id integer PRIMARY KEY); SELECT sync.track('plain'); INSERT INTO plain VALUES (1)`,
  );
  expect(await nudgesOf('UPDATE plain SET id = id')).toEqual([]);
  expect(await nudgesOf('UPDATE plain SET id = 2')).toHaveLength(1);
});

test.each([
  ['INSERT', `INSERT INTO workspaces (name) VALUES ('inserted')`],
  ['UPDATE', `UPDATE workspaces SET name = 'updated'`],
  ['a changed key', 'UPDATE workspaces SET id = gen_random_uuid()'],
  ['DELETE', 'DELETE FROM workspaces'],
  ['TRUNCATE', 'TRUNCATE comments'],
])('%s nudges', async (_what, sql) => {
  await nudgesOf(`INSERT INTO workspaces (name) VALUES ('there')`);
  expect(await nudgesOf(sql)).toHaveLength(1);
});

test('a savepoint that is rolled back takes its nudge along, and what is written after it nudges anew', async () => {
  const lost = `SAVEPOINT s; INSERT INTO workspaces (name) VALUES ('lost'); ROLLBACK TO s`;
  expect(await nudgesOf(`BEGIN; ${lost}; COMMIT`)).toEqual([]);
  expect(await nudgesOf(`BEGIN; ${lost}; INSERT INTO workspaces (name) VALUES ('kept'); COMMIT`)).toHaveLength(1);
});

test('a transaction that rolls back does not nudge', async () => {
  expect(await nudgesOf(`BEGIN; INSERT INTO workspaces (name) VALUES ('never'); ROLLBACK`)).toEqual([]);
});

test('a transaction can do without', async () => {
  expect(
    await nudgesOf(`BEGIN; SET LOCAL sync.nudge = off; INSERT INTO workspaces (name) VALUES ('quiet'); COMMIT`),
  ).toEqual([]);
});

test('nobody nudges a relay that is awake, nor keeps it from saying so', async () => {
  const relay = await database.pool.connect();
  const writer = await database.pool.connect();
  const insert = `INSERT INTO workspaces (name) VALUES ('awake')`;
  const lock = `x'73796e63'::integer, x'6177616b'::integer`;
  try {
    await writer.query(`BEGIN; ${insert}`);
    expect((await relay.query(`SELECT pg_try_advisory_lock(${lock}) AS taken`)).rows).toEqual([{ taken: true }]);
    expect(await nudgesOf(insert)).toEqual([]);
    // It had nudged already: what counts is the moment of its write.
    nudges = [];
    await writer.query(`${insert}; COMMIT`);
    await waitFor(() => nudges.length > 0, { what: 'the nudge of the first write' });
    await relay.query(`SELECT pg_advisory_unlock(${lock})`);
    expect(await nudgesOf(insert)).toHaveLength(1);
    const advisory = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = x'6177616b'::integer`;
    expect(await database.query(advisory)).toEqual([]);
  } finally {
    relay.release(true);
    writer.release();
  }
});

test('a whole database can do without, and its transactions can then be prepared', async () => {
  const postgres = await startPostgres({
    dataDir: await createTestFolder(),
    settings: { max_prepared_transactions: '2', fsync: 'off' },
  });
  await migrate(postgres.url);
  const client = new pg.Client(postgres.url);
  await client.connect();
  const prepare = `BEGIN; INSERT INTO workspaces (name) VALUES ('prepared'); PREPARE TRANSACTION 'p'`;
  await expect(client.query(prepare)).rejects.toThrow(
    'cannot PREPARE a transaction that has executed LISTEN, UNLISTEN, or NOTIFY',
  );
  await client.query('ROLLBACK');
  await client.query('ALTER DATABASE postgres SET sync.nudge = off');
  await client.end();

  const later = new pg.Client(postgres.url);
  await later.connect();
  await later.query(prepare);
  expect((await later.query('SELECT FROM sync.outbox')).rowCount).toBe(0);
  await later.query(`COMMIT PREPARED 'p'`);
  expect((await later.query(`SELECT FROM sync.outbox WHERE op = 'I' AND new ->> 'name' = 'prepared'`)).rowCount).toBe(
    1,
  );
  await later.end();
  await postgres.close();
});
