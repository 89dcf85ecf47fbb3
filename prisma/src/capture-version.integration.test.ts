import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(`
    CREATE TABLE notes (id integer PRIMARY KEY, body text, version integer DEFAULT 1, updated_at timestamptz(3) DEFAULT '2000-01-01');
    CREATE TABLE plain (id integer PRIMARY KEY, body text, version text, updated_at date);
    CREATE TABLE stamped (id integer PRIMARY KEY, updated_at timestamp);
    SELECT sync.track('notes'), sync.track('plain'), sync.track('stamped')`);
});

afterAll(() => database?.close());

beforeEach(async () => {
  await database.query(
    `TRUNCATE notes, plain, stamped; DELETE FROM sync.outbox; INSERT INTO notes (id, body) VALUES (1, 'first')`,
  );
});

async function versions(): Promise<number[]> {
  const rows = await database.query<{ version: number }>('SELECT version FROM notes ORDER BY id');
  return rows.map((row) => row.version);
}

test('a row’s version rises by one with every update, also one that changes nothing else', async () => {
  await database.query(`UPDATE notes SET body = 'second'`);
  await database.query('UPDATE notes SET body = body');
  expect(await versions()).toEqual([3]);
});

test('what the writer puts into version and updated_at of an update does not count', async () => {
  await database.query(`UPDATE notes SET version = 99, updated_at = '2100-01-01'`);
  expect(await versions()).toEqual([2]);
  expect(
    await database.query(
      `SELECT FROM notes WHERE updated_at BETWEEN now() - interval '1 minute' AND now() + interval '1 second'`,
    ),
  ).toHaveLength(1);
});

test('nor does what a trigger of the user’s puts there, whatever its name', async () => {
  await database.query(`
    CREATE FUNCTION spoof() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.version := 99; RETURN NEW; END $$;
    CREATE TRIGGER zzz BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION spoof()`);
  await database.query(`UPDATE notes SET body = 'second'`);
  await database.query('DROP FUNCTION spoof CASCADE');
  expect(await versions()).toEqual([2]);
});

test('a row is captured although a trigger of the user’s, the last of all, has put its version back', async () => {
  await database.query(`
    CREATE FUNCTION put_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.version := OLD.version; RETURN NEW; END $$;
    CREATE TRIGGER "~~" BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION put_back()`);
  await database.query(`UPDATE notes SET body = 'second'`);
  await database.query('DROP FUNCTION put_back CASCADE');
  expect(await database.query(`SELECT new ->> 'body' AS body FROM sync.outbox WHERE op = 'U'`)).toEqual([
    { body: 'second' },
  ]);
});

test('a writer whose transaction began first but who wrote last leaves the later updated_at', async () => {
  const early = await database.pool.connect();
  await early.query('BEGIN; SELECT now()');
  await database.query(`UPDATE notes SET body = 'by the late one'`);
  const [late] = await database.query<{ updated_at: Date }>('SELECT updated_at FROM notes');
  const { rows } = await early.query<{ updated_at: Date }>(
    `UPDATE notes SET body = 'by the early one' RETURNING updated_at`,
  );
  await early.query('COMMIT');
  early.release();
  expect(Number(rows[0]?.updated_at)).toBeGreaterThanOrEqual(Number(late?.updated_at));
});

test('a version at its end, or none at all, fails no write', async () => {
  await database.query(`INSERT INTO notes (id, version) VALUES (2, 2147483647), (3, NULL)`);
  await database.query(`UPDATE notes SET body = 'next'`);
  expect(await versions()).toEqual([2, 1, 1]);
});

test('updated_at without a time zone is in UTC', async () => {
  await database.query('INSERT INTO stamped VALUES (1)');
  await database.query(`SET TimeZone = 'Asia/Tokyo'; UPDATE stamped SET id = 2; RESET TimeZone`);
  expect(
    await database.query(
      `SELECT FROM stamped WHERE abs(extract(epoch FROM updated_at - now() AT TIME ZONE 'UTC')) < 60`,
    ),
  ).toHaveLength(1);
});

test('columns of those names but of other types are the user’s own', async () => {
  await database.query(`INSERT INTO plain VALUES (1, 'first', 'v1', '2000-01-01')`);
  await database.query(`UPDATE plain SET body = 'second'`);
  expect(await database.query('SELECT version, updated_at::text FROM plain')).toEqual([
    { version: 'v1', updated_at: '2000-01-01' },
  ]);
});

test('an update that changes nothing at all, of a row without a version, is no change', async () => {
  await database.query(`INSERT INTO plain VALUES (1, 'first')`);
  await database.query('UPDATE plain SET body = body');
  expect(await database.query(`SELECT FROM sync.outbox WHERE "table" = 'plain' AND op = 'U'`)).toEqual([]);
});
