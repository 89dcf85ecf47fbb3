import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { waitFor } from '@sync-hub/dev/wait-for';

interface Captured {
  readonly table: string;
  readonly op: string;
  readonly key: string | null;
  readonly scope: string | null;
  readonly old: Record<string, unknown> | null;
  readonly new: Record<string, unknown> | null;
}

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
  await database.query('CREATE TABLE notes (id integer PRIMARY KEY, topic text, body text, secret text)');
});

afterEach(() => database.close());

const captured = () =>
  database.query<Captured>('SELECT "table", op, key, scope, old, new FROM sync.outbox ORDER BY id');
const shape = async (table: string) =>
  (await database.query<{ shape: string }>('SELECT sync.shape($1)', [table]))[0]?.shape;
const triggers = async () =>
  (
    await database.query<{ name: string }>(`SELECT tgname AS name FROM pg_trigger WHERE tgrelid = 'notes'::regclass`)
  ).map((row) => row.name);

const isWaitingForLock = async () => (await database.query('SELECT FROM pg_locks WHERE NOT granted')).length > 0;

describe('sync.track', () => {
  test('captures from its commit on, and not what was there before', async () => {
    await database.query(`INSERT INTO notes VALUES (1, 'a', 'before')`);
    await database.query(`SELECT sync.track('notes', 'topic')`);
    await database.query(`INSERT INTO notes VALUES (2, 'b', 'after')`);
    expect(await captured()).toMatchObject([
      { table: 'notes', op: 'I', key: '2', scope: 'b', old: null, new: { id: 2, body: 'after' } },
    ]);
  });

  test('called again, changes nothing, or scope and excluded columns', async () => {
    await database.query(
      `SELECT sync.track('notes', 'topic', '{secret}'); SELECT sync.track('notes', 'topic', '{secret}')`,
    );
    expect(await triggers()).toHaveLength(3);
    await database.query(`SELECT sync.track('notes', 'body', exclude => '{topic}')`);
    await database.query(`INSERT INTO notes VALUES (1, 'a', 'b', 'c')`);
    expect(await captured()).toEqual([
      { table: 'notes', op: 'I', key: '1', scope: 'b', old: null, new: { id: 1, body: 'b', secret: 'c' } },
    ]);
    await database.query(`SELECT sync.track('notes')`);
    await database.query('DELETE FROM notes');
    expect((await captured())[1]).toEqual({
      ...{ table: 'notes', op: 'D', key: '1', scope: null, new: null },
      old: { id: 1, topic: 'a', body: 'b', secret: 'c' },
    });
  });

  test('waits for those who are writing, so that no row slips through', async () => {
    const writer = await database.pool.connect();
    await writer.query(`BEGIN; INSERT INTO notes VALUES (1)`);
    const tracked = database.query(`SELECT sync.track('notes')`);
    await waitFor(() => isWaitingForLock(), { what: 'sync.track to wait' });
    await writer.query('COMMIT');
    writer.release();
    await tracked;
    await database.query('UPDATE notes SET body = $1', ['after']);
    expect(await captured()).toMatchObject([{ op: 'U' }]);
  });

  test('names tables and columns as Postgres quotes them, in every schema, and keys of several columns as a JSON array', async () => {
    await database.query(`
      CREATE SCHEMA other;
      CREATE TABLE other."Odd ""Things" ("b%s" text, "a @" integer, "new" text, "%1$s" text, PRIMARY KEY ("a @", "b%s"));
      SELECT sync.track('other."Odd ""Things"', '%1$s', '{new}')`);
    await database.query(
      `SET search_path = other; INSERT INTO "Odd ""Things" VALUES ('x"y', 7, 'hidden', 's'); RESET search_path`,
    );
    expect(await captured()).toEqual([
      {
        table: 'other."Odd ""Things"',
        op: 'I',
        key: '["7","x\\"y"]',
        scope: 's',
        old: null,
        new: { 'b%s': 'x"y', 'a @': 7, '%1$s': 's' },
      },
    ]);
  });

  test('a generated column that is stored comes along; a virtual one can be excluded', async () => {
    await database.query(`
      CREATE TABLE computed (id integer PRIMARY KEY, twice integer GENERATED ALWAYS AS (id * 2) STORED, thrice integer GENERATED ALWAYS AS (id * 3) VIRTUAL);
      SELECT sync.track('computed', exclude => '{thrice}')`);
    await database.query('INSERT INTO computed VALUES (2)');
    expect(await captured()).toMatchObject([{ new: { id: 2, twice: 4 } }]);
  });
});

describe('an excluded column', () => {
  beforeEach(() => database.query(`SELECT sync.track('notes', exclude => '{secret}')`));

  test('never leaves the table, whatever is done to the row', async () => {
    await database.query(`
      INSERT INTO notes VALUES (1, 'a', 'b', 'hunter2');
      UPDATE notes SET body = 'c'; UPDATE notes SET secret = 'hunter2!'; UPDATE notes SET id = 2, secret = 'hunter2?'; DELETE FROM notes`);
    expect(await database.query(`SELECT FROM sync.outbox WHERE outbox::text ~ 'secret|hunter'`)).toEqual([]);
    expect((await captured()).map(({ op }) => op)).toEqual(['I', 'U', 'D', 'I', 'D']);
  });

  test('that alone changes is no change, for nobody may see one', async () => {
    await database.query(`INSERT INTO notes VALUES (1, 'a', 'b', 'hunter2')`);
    await database.query(`UPDATE notes SET secret = 'hunter3'`);
    expect((await captured()).map(({ op }) => op)).toEqual(['I']);
  });

  test('that alone changes a row with a version is a change of the version, which clients must know to write again', async () => {
    await database.query(
      `SELECT sync.untrack('notes'); ALTER TABLE notes ADD COLUMN version integer NOT NULL DEFAULT 1; SELECT sync.track('notes', exclude => '{secret}')`,
    );
    await database.query(`INSERT INTO notes VALUES (1, 'a', 'b', 'hunter2')`);
    await database.query(`UPDATE notes SET secret = 'hunter3'`);
    expect((await captured())[1]).toMatchObject({ op: 'U', old: { version: 1 }, new: { version: 2 } });
  });

  test('may be the version: then nobody can see it rise', async () => {
    await database.query(
      `ALTER TABLE notes ADD COLUMN version integer NOT NULL DEFAULT 1; SELECT sync.track('notes', exclude => '{secret,version}')`,
    );
    await database.query(`INSERT INTO notes VALUES (1, 'a', 'b', 'hunter2')`);
    await database.query(`UPDATE notes SET secret = 'hunter3'`);
    expect((await captured()).map(({ op }) => op)).toEqual(['I']);
    await database.query(`UPDATE notes SET body = 'c'`);
    expect((await captured()).map(({ op }) => op)).toEqual(['I', 'U']);
  });
});

test('a column may be called like the row that is captured beside an excluded column', async () => {
  await database.query(`
    CREATE TABLE shelf (id integer PRIMARY KEY, kept text, secret text); SELECT sync.track('shelf', exclude => '{secret}');
    INSERT INTO shelf VALUES (1, 'a', 'hunter2')`);
  const rows = await database.query(`SELECT new FROM sync.outbox WHERE "table" = 'shelf'`);
  expect(rows).toEqual([{ new: { id: 1, kept: 'a' } }]);
});

describe('sync.untrack', () => {
  test('ends the capture and leaves the table as it was; called again, it does nothing', async () => {
    await database.query(`SELECT sync.track('notes')`);
    await database.query(`SELECT sync.untrack('notes'); SELECT sync.untrack('notes')`);
    await database.query(`INSERT INTO notes VALUES (1)`);
    expect(await captured()).toEqual([]);
    expect(await triggers()).toEqual([]);
    expect(await database.query(`SELECT FROM sync.tracked WHERE "table" = 'notes'::regclass`)).toEqual([]);
  });

  test('keeps what is on its way', async () => {
    await database.query(`SELECT sync.track('notes')`);
    await database.query('INSERT INTO notes VALUES (1)');
    await database.query(`SELECT sync.untrack('notes')`);
    expect(await captured()).toHaveLength(1);
  });
});

describe('sync.shape', () => {
  test('changes with a column’s name or type, and not with its place or its rows', async () => {
    const before = await shape('notes');
    expect(before).toMatch(/^[0-9a-f]{16}$/);
    await database.query('ALTER TABLE notes DROP COLUMN body');
    expect(await shape('notes')).not.toBe(before);
    await database.query(`ALTER TABLE notes ADD COLUMN body text; INSERT INTO notes VALUES (1)`);
    expect(await shape('notes')).toBe(before);
    await database.query('ALTER TABLE notes ALTER COLUMN body TYPE varchar(10)');
    expect(await shape('notes')).not.toBe(before);
  });

  test('does not tell of excluded columns', async () => {
    await database.query(`SELECT sync.track('notes', exclude => '{secret}')`);
    const before = await shape('notes');
    await database.query(`SELECT sync.untrack('notes'); ALTER TABLE notes DROP COLUMN secret`);
    expect(await shape('notes')).toBe(before);
  });

  test('is empty for a table that is gone', async () => {
    expect(await shape('nowhere.to_be_found')).toBe('');
  });
});
