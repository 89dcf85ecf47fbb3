import { randomBytes } from 'node:crypto';
import { migrate } from '@sync-hub/prisma/migrate';
import pg from 'pg';

export interface TestDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
  /** Runs one statement and returns its rows. */
  query<Row extends pg.QueryResultRow>(sql: string, params?: readonly unknown[]): Promise<Row[]>;
  /** Drops it, ending whatever is still connected. */
  close(): Promise<void>;
}

const TEMPLATE = 'template_sync_hub';

/** Any number that no other advisory lock of the test server uses: only one worker makes the template. */
const TEMPLATE_LOCK = 7_105_013;

const NO_SUCH_TEMPLATE = '3D000';

/**
 * A fresh database with all migrations, on the run's own server. Migrating happens once a run, the rest are clones (some 50 ms).
 *
 * @throws Error when there is no server: only integration tests have one.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = process.env['TEST_POSTGRES_URL'];
  if (serverUrl === undefined)
    throw new Error('No test server: name the file *.integration.test.ts and run it with jest.');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await withClient(serverUrl, (client) => clone(client, serverUrl, name));

  const url = inDatabase(serverUrl, name);
  const pool = new pg.Pool({ connectionString: url, max: 20 });
  // close() drops the database under connections that tests left open; without a listener that would end the process.
  pool.on('error', () => {});
  return {
    url,
    pool,
    query: async <Row extends pg.QueryResultRow>(sql: string, params: readonly unknown[] = []) =>
      (await pool.query<Row>(sql, [...params])).rows,
    async close() {
      await withClient(serverUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
      await pool.end();
    },
  };
}

async function clone(client: pg.Client, serverUrl: string, name: string): Promise<void> {
  const sql = `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`;
  try {
    await client.query(sql);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== NO_SUCH_TEMPLATE) throw error;
    await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    await makeTemplate(client, serverUrl);
    await client.query('SELECT pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
    await client.query(sql);
  }
}

/** Under another name until it is whole, so that nobody clones half of it. */
async function makeTemplate(client: pg.Client, serverUrl: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [TEMPLATE]);
  if (rowCount !== 0) return;
  const unfinished = `${TEMPLATE}_unfinished`;
  await client.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
  await client.query(`CREATE DATABASE ${unfinished}`);
  await migrate(inDatabase(serverUrl, unfinished));
  await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${TEMPLATE}`);
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

function inDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
