import { afterAll, afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { type RunningPostgres, startPostgres } from '@sync-hub/dev/postgres';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { waitFor } from '@sync-hub/dev/wait-for';
import { migrate } from '@sync-hub/prisma/migrate';
import pg from 'pg';

jest.setTimeout(60_000);

let server: RunningPostgres;
afterAll(() => server?.close());

/** Over a connection of its own, once there is one to be had. */
async function incarnation(): Promise<string> {
  return waitFor(
    async () => {
      const rows = await ask('SELECT sync.server_incarnation() AS text');
      return rows?.[0]?.text ?? null;
    },
    { what: 'the server', timeoutMs: 20_000 },
  );
}

/** Null when the server is away, or goes away meanwhile. */
async function ask(sql: string): Promise<readonly { text: string }[] | null> {
  const client = new pg.Client(server.url);
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query<{ text: string }>(sql)).rows;
  } catch {
    return null;
  } finally {
    await client.end().catch(() => undefined);
  }
}

test('the incarnation is another after each way in which a server goes down, and only then', async () => {
  const dataDir = await createTestFolder();
  server = await startPostgres({ dataDir });
  await migrate(server.url);
  const seen = [await incarnation()];
  const isAnother = async () => {
    const next = await incarnation();
    expect(seen).not.toContain(next);
    seen.push(next);
  };

  // A backend dies: the others are ended, the server recovers in place, under the same postmaster.
  const startedAt = await ask('SELECT pg_postmaster_start_time()::text AS text');
  await killABackend();
  await isAnother();
  expect(await ask('SELECT pg_postmaster_start_time()::text AS text')).toEqual(startedAt);

  process.kill(server.pid, 'SIGKILL');
  await server.ended;
  server = await startPostgres({ dataDir, port: server.port });
  await isAnother();

  await server.close();
  server = await startPostgres({ dataDir, port: server.port });
  await isAnother();

  await ask('CHECKPOINT');
  for (let n = 0; n < 20; n += 1) expect(await incarnation()).toBe(seen.at(-1));
});

/** Resolves once the postmaster has noticed: it ends all others then, and takes nobody on before it has recovered. */
async function killABackend(): Promise<void> {
  const [victim, witness] = [await connected(), await connected()];
  const ended = Promise.all([victim, witness].map((client) => new Promise<void>((done) => client.on('end', done))));
  const { rows } = await victim.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  for (const { pid } of rows) process.kill(pid, 'SIGKILL');
  await ended;
}

async function connected(): Promise<pg.Client> {
  const client = new pg.Client(server.url);
  client.on('error', () => {});
  await client.connect();
  return client;
}

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.close());

test('a role that may only call the function reads what the superuser reads, in any transaction', async () => {
  const role = `reader_${database.url.slice(-12)}`;
  const client = await database.pool.connect();
  try {
    const read = async () => (await client.query('SELECT sync.server_incarnation() AS text')).rows[0].text;
    const expected = await read();
    await client.query(`CREATE ROLE ${role}; GRANT USAGE ON SCHEMA sync TO ${role};
      GRANT EXECUTE ON FUNCTION sync.server_incarnation() TO ${role}; SET ROLE ${role}`);
    expect(await read()).toBe(expected);
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    expect(await read()).toBe(expected);
    await client.query('COMMIT');
    await client.query(`SET DateStyle = 'German, DMY'; SET TimeZone = 'Asia/Tokyo'`);
    expect(await read()).toBe(expected);
  } finally {
    await client.query(`RESET ROLE; RESET ALL; REVOKE ALL ON FUNCTION sync.server_incarnation() FROM ${role};
      REVOKE ALL ON SCHEMA sync FROM ${role}; DROP ROLE ${role}`);
    client.release();
  }
});
