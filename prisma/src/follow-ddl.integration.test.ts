import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import pg from 'pg';
import { migrate } from './migrate.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
  await database.query(`
    CREATE TABLE notes (id integer PRIMARY KEY, topic text, body text, secret text, version integer DEFAULT 1);
    SELECT sync.track('notes', 'topic', '{secret}');
    CREATE TABLE plain (id integer PRIMARY KEY, body text);
    SELECT sync.track('plain');
    INSERT INTO notes VALUES (1, 'a', 'b', 'hunter2'); INSERT INTO plain VALUES (1, 'b');
    DELETE FROM sync.outbox`);
});

afterEach(() => database.close());

const captured = () => database.query('SELECT "table", op, key, scope, old, new FROM sync.outbox ORDER BY id');
/** Without what a table that was rewritten is told as. */
const changes = async () => (await captured()).filter(({ op }) => op !== 'T');

describe('a tracked table may be changed, and the capture follows', () => {
  test.each([
    [
      'a column is added',
      'ALTER TABLE plain ADD COLUMN more integer DEFAULT 7',
      'plain',
      { id: 1, body: 'new', more: 7 },
    ],
    [
      'a column is added beside excluded ones',
      'ALTER TABLE notes ADD COLUMN more integer DEFAULT 7',
      'notes',
      { body: 'new', more: 7, version: 2 },
    ],
    [
      'a column is dropped beside excluded ones',
      'ALTER TABLE notes DROP COLUMN version',
      'notes',
      { id: 1, topic: 'a', body: 'new' },
    ],
    [
      'a column is renamed beside excluded ones',
      'ALTER TABLE notes RENAME version TO revision',
      'notes',
      { body: 'new', revision: 1 },
    ],
    ['the key is renamed', 'ALTER TABLE notes RENAME id TO number', 'notes', { number: 1, body: 'new' }],
    ['the key is another type', 'ALTER TABLE notes ALTER COLUMN id TYPE text', 'notes', { id: '1', body: 'new' }],
    ['the table is renamed', 'ALTER TABLE notes RENAME TO remarks', 'remarks', { id: 1, body: 'new' }],
    [
      'the table moves',
      'CREATE SCHEMA other; ALTER TABLE notes SET SCHEMA other',
      'other.notes',
      { id: 1, body: 'new' },
    ],
    [
      'its schema is renamed',
      'CREATE SCHEMA other; ALTER TABLE notes SET SCHEMA other; ALTER SCHEMA other RENAME TO "an other"',
      '"an other".notes',
      { id: 1, body: 'new' },
    ],
  ])('%s', async (_what, ddl, table, row) => {
    await database.query(ddl);
    await database.query(`UPDATE ${table} SET body = 'new'`);
    const [change, ...others] = await changes();
    expect(others).toEqual([]);
    expect(change).toMatchObject({ table, op: 'U', key: '1', new: row });
    expect(JSON.stringify(change)).not.toMatch(/secret|hunter/);
  });

  test('a column named updated_at is kept from the moment it is there', async () => {
    await database.query(`ALTER TABLE plain ADD COLUMN updated_at timestamptz NOT NULL DEFAULT '2000-01-01'`);
    await database.query(`UPDATE plain SET body = 'new'`);
    expect(await database.query(`SELECT FROM plain WHERE updated_at > '2020-01-01'`)).toHaveLength(1);
  });

  test.each([
    ['a column is given other values', 'ALTER TABLE notes ALTER version TYPE integer USING version + 100'],
    [
      'a generated column is given another expression',
      'ALTER TABLE notes ADD n integer GENERATED ALWAYS AS (id + 1) STORED; DELETE FROM sync.outbox; ALTER TABLE notes ALTER n SET EXPRESSION AS (id + 2)',
    ],
  ])('%s: its rows are void, and have to be read anew', async (_what, ddl) => {
    await database.query(ddl);
    expect(await captured()).toMatchObject([{ table: 'notes', op: 'T' }]);
    await database.query(
      'ALTER TABLE plain ADD more integer; CREATE TABLE another (id integer); ALTER TABLE another ALTER id TYPE bigint',
    );
    expect(await captured()).toHaveLength(1);
  });

  test('a type that its column goes with is dropped', async () => {
    await database.query(`
      CREATE TYPE mood AS ENUM ('good'); ALTER TABLE notes ADD mood mood; DROP TYPE mood CASCADE;
      DELETE FROM sync.outbox; UPDATE notes SET body = 'new'`);
    expect(await captured()).toMatchObject([{ op: 'U', new: { id: 1, body: 'new' } }]);
  });

  test('a table that is dropped leaves nothing behind', async () => {
    const ours = () => database.query(`SELECT proname FROM pg_proc WHERE proname ~ '^(capture|version)_'`);
    const before = await ours();
    await database.query('DROP TABLE notes');
    expect(await database.query(`SELECT FROM sync.tracked WHERE scope = 'topic'`)).toEqual([]);
    expect(await ours()).toHaveLength(before.length - 2);
  });
});

describe('a change that capture cannot follow is refused where it is made', () => {
  test.each([
    [
      'renaming an excluded column',
      'ALTER TABLE notes RENAME secret TO password',
      'notes has no column "secret" to exclude',
    ],
    ['dropping the scope', 'ALTER TABLE notes DROP COLUMN topic', 'notes has no column "topic" to be its scope'],
    ['dropping the key', 'ALTER TABLE notes DROP COLUMN id', 'it has no primary key'],
    ['a table that inherits from it', 'CREATE TABLE more () INHERITS (notes)', 'other tables inherit from it'],
    ['disabling its triggers', 'ALTER TABLE notes DISABLE TRIGGER ALL', 'a trigger of sync would be gone'],
    ['enabling them less', 'ALTER TABLE notes ENABLE TRIGGER ALL', 'a trigger of sync would be gone'],
    ['dropping one of them', 'DROP TRIGGER "!sync_capture" ON notes', 'a trigger of sync would be gone'],
    [
      'making it a partition',
      'CREATE TABLE whole (LIKE plain) PARTITION BY RANGE (id); ALTER TABLE whole ATTACH PARTITION plain FOR VALUES FROM (0) TO (10)',
      'it is a partition',
    ],
    [
      'dropping the type of its scope',
      'CREATE DOMAIN room AS text; ALTER TABLE notes ALTER topic TYPE room; DROP DOMAIN room CASCADE',
      'notes has no column "topic"',
    ],
    ['making it unlogged', 'ALTER TABLE notes SET UNLOGGED', 'it is unlogged'],
    [
      'a virtual generated column',
      'ALTER TABLE plain ADD COLUMN twice integer GENERATED ALWAYS AS (id * 2) VIRTUAL',
      'virtual generated column "twice"',
    ],
  ])('%s', async (_what, ddl, message) => {
    await expect(database.query(ddl)).rejects.toMatchObject({
      message: expect.stringMatching(/^this would break the capture of (notes|plain): /),
      hint: 'In one transaction: sync.untrack the table, change it, sync.track it anew.',
    });
    await expect(database.query(ddl)).rejects.toThrow(message);
    await database.query(`UPDATE notes SET body = 'goes on'`);
    expect(await changes()).toMatchObject([{ op: 'U', new: { body: 'goes on' } }]);
  });

  test('and goes through as the hint says', async () => {
    await database.query(`
      BEGIN; SELECT sync.untrack('notes'); ALTER TABLE notes RENAME topic TO subject; SELECT sync.track('notes', 'subject', '{secret}'); COMMIT`);
    await database.query(`UPDATE notes SET body = 'new'`);
    expect(await captured()).toMatchObject([{ op: 'U', scope: 'a', new: { subject: 'a', body: 'new' } }]);
  });
});

test('an owner who is no superuser can migrate, and calls sync.track again after changing a tracked table', async () => {
  const url = new URL(database.url);
  const name = url.pathname.slice(1);
  await database.query(`CREATE ROLE "${name} owner" LOGIN PASSWORD 'p'`);
  await database.query(`CREATE DATABASE "${name} owned" OWNER "${name} owner"`);
  Object.assign(url, { username: `${name} owner`, password: 'p', pathname: `/${name} owned` });

  await migrate(url.href);
  const owner = new pg.Client(url.href);
  await owner.connect();
  await owner.query(`
    BEGIN; ALTER TABLE workspaces RENAME id TO number; SELECT sync.track('workspaces', 'number'); COMMIT;
    INSERT INTO workspaces (name) VALUES ('Owned')`);
  expect((await owner.query('SELECT "table", op, key = scope AS keyed FROM sync.outbox')).rows).toEqual([
    { table: 'workspaces', op: 'I', keyed: true },
  ]);
  await owner.query('ALTER TABLE workspaces ADD COLUMN took interval');
  await owner.query(`SET IntervalStyle = 'iso_8601'; UPDATE workspaces SET took = '1 day'`);
  expect((await owner.query(`SELECT new ->> 'took' AS took FROM sync.outbox WHERE op = 'U'`)).rows).toEqual([
    { took: '1 day' },
  ]);
  await owner.end();

  await database.query(`DROP DATABASE "${name} owned"`);
  await database.query(`DROP ROLE "${name} owner"`);
});
