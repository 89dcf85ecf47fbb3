import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import type pg from 'pg';

let database: TestDatabase;
let client: pg.PoolClient; // one session, for the temporary table

beforeAll(async () => {
  database = await createTestDatabase();
  client = await database.pool.connect();
  await client.query(`
    CREATE TABLE notes (id integer PRIMARY KEY, topic text, secret text);
    CREATE TABLE measured (id integer PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE measured_2026 PARTITION OF measured FOR VALUES FROM (0) TO (1);
    CREATE TABLE parent (id integer PRIMARY KEY); CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent);
    CREATE TABLE keyless (id integer);
    CREATE UNLOGGED TABLE brief (id integer PRIMARY KEY);
    CREATE TEMP TABLE passing (id integer PRIMARY KEY);
    CREATE VIEW seen AS SELECT 1 AS id;
    CREATE MATERIALIZED VIEW held AS SELECT 1 AS id;
    CREATE SEQUENCE counter;
    CREATE FOREIGN DATA WRAPPER none; CREATE SERVER nowhere FOREIGN DATA WRAPPER none; CREATE FOREIGN TABLE elsewhere (id integer) SERVER nowhere;
    CREATE TABLE computed (id integer PRIMARY KEY, twice integer GENERATED ALWAYS AS (id * 2) VIRTUAL)`);
});

afterAll(async () => {
  client?.release();
  await database?.close();
});

test.each([
  ['a table that is not there', '0::regclass', 'there is no such table'],
  ['a partitioned table', `'measured'`, 'cannot capture measured: it is partitioned'],
  ['a partition', `'measured_2026'`, 'cannot capture measured_2026: it is a partition'],
  ['a table that others inherit from', `'parent'`, 'cannot capture parent: other tables inherit from it'],
  ['a table that inherits', `'child'`, 'cannot capture child: it inherits from another table'],
  ['a table without a primary key', `'keyless'`, 'cannot capture keyless: it has no primary key'],
  ['an unlogged table', `'brief'`, 'cannot capture brief: it is unlogged'],
  ['a temporary table', `'passing'`, 'cannot capture passing: it is a temporary table'],
  ['a view', `'seen'`, 'cannot capture seen: it is a view'],
  ['a materialized view', `'held'`, 'cannot capture held: it is a view'],
  ['a foreign table', `'elsewhere'`, 'cannot capture elsewhere: it is a foreign table'],
  ['a sequence', `'counter'`, 'cannot capture counter: it is not a table'],
  ['a table of Postgres', `'pg_class'`, 'cannot capture pg_class: it belongs to the system schema pg_catalog'],
  ['a table of ours', `'sync.outbox'`, 'cannot capture sync.outbox: it belongs to the system schema sync'],
  ['a virtual generated column', `'computed'`, 'cannot capture the virtual generated column "twice" of computed'],
  ['a scope that is no column', `'notes', 'nope'`, 'notes has no column "nope" to be its scope'],
  ['a system column as scope', `'notes', 'ctid'`, 'notes has no column "ctid" to be its scope'],
  ['an excluded column that is none', `'notes', exclude => '{secret,nope}'`, 'notes has no column "nope" to exclude'],
  ['an excluded key', `'notes', exclude => '{id}'`, 'cannot exclude the primary key or the scope of notes'],
  ['an excluded scope', `'notes', 'topic', '{topic}'`, 'cannot exclude the primary key or the scope of notes'],
])('sync.track refuses %s, with a hint, and leaves nothing behind', async (_what, args, message) => {
  await expect(client.query(`SELECT sync.track(${args})`)).rejects.toMatchObject({
    message: expect.stringContaining(message),
    hint: expect.stringMatching(/\.$/),
  });
  const remains = `SELECT FROM pg_trigger WHERE tgname LIKE '%sync\\_%' AND tgrelid NOT IN (SELECT "table" FROM sync.tracked)`;
  expect((await client.query(remains)).rowCount).toBe(0);
});
