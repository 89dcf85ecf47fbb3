import type { TestDatabase } from '@sync-hub/dev/test-database';
import type { JsonRow } from '@sync-hub/stream/change-record';

/** A tracked table `counters (id, version, n)` with `rows` rows. */
export async function createCounters(database: TestDatabase, rows: number): Promise<void> {
  await database.query(
    'CREATE TABLE counters (id integer PRIMARY KEY, version integer NOT NULL DEFAULT 1, n integer NOT NULL DEFAULT 0, note text)',
  );
  await database.query(`SELECT sync.track('counters')`);
  await database.query('INSERT INTO counters (id) SELECT generate_series(1, $1)', [rows]);
}

/** The table as a reader of the log from its beginning must have it. */
export async function readCounters(database: TestDatabase): Promise<Map<string, JsonRow>> {
  const rows = await database.query<{ key: string; row: JsonRow }>(
    'SELECT id::text AS key, row_to_json(counters) AS row FROM counters',
  );
  return new Map(rows.map(({ key, row }) => [`counters ${key}`, row]));
}

export interface WriterCounts {
  committed: number;
  rolledBack: number;
}

/**
 * Many writers over few rows, in every way that makes an order by xid, by id or by time wrong: transactions that take
 * their xid long before they write, that wait between two writes and before they commit, savepoints, rollbacks, deletes
 * and inserts of the same key.
 *
 * @returns once every writer has ended, after `until` has aborted.
 */
export async function writeConcurrently(
  database: TestDatabase,
  { writers, rows, until }: { writers: number; rows: number; until: AbortSignal },
): Promise<WriterCounts> {
  const counts: WriterCounts = { committed: 0, rolledBack: 0 };
  await Promise.all(
    Array.from({ length: writers }, async () => {
      const client = await database.pool.connect();
      try {
        while (!until.aborted) await writeOnce(client.query.bind(client), rows, counts);
      } finally {
        client.release();
      }
    }),
  );
  return counts;
}

type Run = (sql: string) => Promise<unknown>;

async function writeOnce(run: Run, rows: number, counts: WriterCounts): Promise<void> {
  const chance = (probability: number) => Math.random() < probability;
  const wait = (maxMs: number) => run(`SELECT pg_sleep(${(Math.random() * maxMs) / 1000})`);
  const keys = Array.from({ length: rows }, (_, index) => index + 1)
    .sort(() => Math.random() - 0.5)
    .slice(0, 1 + Math.floor(Math.random() * 3))
    .sort((a, b) => a - b); // In one order, so that writers wait for each other and rarely die of it.
  try {
    await run('BEGIN');
    if (chance(0.3)) await run('SELECT pg_current_xact_id()');
    if (chance(0.3)) await wait(15);
    for (const key of keys) {
      if (chance(0.1)) await run('SAVEPOINT s');
      if (chance(0.05)) {
        await run(`DELETE FROM counters WHERE id = ${key}`);
        await run(`INSERT INTO counters (id) VALUES (${key})`);
      } else {
        await run(`UPDATE counters SET n = n + 1 WHERE id = ${key}`);
      }
      if (chance(0.1)) await wait(10);
    }
    if (chance(0.01)) await wait(1_500);
    if (chance(0.2)) {
      await run('ROLLBACK');
      counts.rolledBack += 1;
    } else {
      await run('COMMIT');
      counts.committed += 1;
    }
  } catch (error) {
    // Deadlocks and rows deleted under an update are part of the game; anything else is not.
    if (!(error instanceof Error && 'code' in error && (error.code === '40P01' || error.code === '23505'))) throw error;
    await run('ROLLBACK');
    counts.rolledBack += 1;
  }
}
