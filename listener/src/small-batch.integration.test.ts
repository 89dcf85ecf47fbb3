import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { type Batch, NOTHING_VISIBLE } from './batch.ts';
import { createBatchReader } from './batch-reader.ts';
import { type Connection, createConnect, QUEUE_SETTINGS } from './connection.ts';
import { FencedOffError } from './fence.ts';
import { fetchRows, type OutboxRow, planRows } from './outbox-rows.ts';
import { readSmallBatch } from './small-batch.ts';
import { createCounters } from './testing/writers.ts';
import { countRows, transactionsBetween } from './transactions.ts';

let database: TestDatabase;
let connection: Connection;
beforeAll(async () => {
  database = await createTestDatabase();
  await createCounters(database, 200);
  connection = await createConnect(database.url)('relay', QUEUE_SETTINGS);
});
beforeEach(async () => {
  await database.query('DELETE FROM sync.outbox');
  await database.query('DELETE FROM sync.batch');
  await database.query('ALTER SEQUENCE sync.outbox_id_seq RESTART');
});
afterAll(async () => {
  await connection.end();
  await database.close();
});

const MAX_BYTES = 2 ** 20;

async function snapshot(): Promise<string> {
  const [row] = await database.query<{ now: string }>('SELECT pg_current_snapshot()::text AS now');
  if (row === undefined) throw new Error('no snapshot');
  return row.now;
}

/** Fixes what has committed since, as a relay would. */
async function fence(from: string, number = 1): Promise<Batch> {
  const to = await snapshot();
  await database.query(`INSERT INTO sync.batch VALUES ($1, 'run', gen_random_uuid(), $2, $3, now(), 1, 0)`, [
    number,
    from,
    to,
  ]);
  return { batch: number, incarnation: 'run', tag: '', from, to, fencedAt: '', firstSeq: 1, sentSeq: 0 };
}

const readSmall = (batch: Batch, maxBytes = MAX_BYTES) =>
  readSmallBatch(connection.query, batch, { held: batch.batch, maxBytes });

/** The same rows by the way that large batches go. */
async function readLarge({ from, to, batch: held }: Batch): Promise<readonly OutboxRow[]> {
  const rows: OutboxRow[] = [];
  for await (const transactions of transactionsBetween(connection.query, { from, to, held })) {
    const slice = { transactions, done: 0, afterId: '0', rows: countRows(transactions) };
    rows.push(...(await fetchRows(connection.query, await planRows(connection.query, slice), MAX_BYTES)));
  }
  return rows;
}

const bump = (id: number) => `UPDATE counters SET n = n + 1 WHERE id = ${id}`;

describe('a small batch', () => {
  test('is what a large one would be, in its order: transactions that took turns, one rolled back, one that is open', async () => {
    const from = await snapshot();
    const clients = await Promise.all(Array.from({ length: 4 }, () => database.pool.connect()));
    const [one, two, undone, open] = clients;
    if (one === undefined || two === undefined || undone === undefined || open === undefined) throw new Error();
    for (const [index, client] of clients.entries()) await client.query(`BEGIN; ${bump(10 + index)}`);
    await two.query(bump(20));
    await one.query(bump(21));
    await undone.query(`${bump(22)}; ROLLBACK`);
    await one.query(bump(23));
    await two.query('COMMIT');
    await database.query(`UPDATE counters SET note = repeat('long', 5000) WHERE id = 30`);
    await one.query('COMMIT');
    const claimed = `INSERT INTO sync.claim SELECT id, 1 FROM sync.outbox WHERE key = '20'`;
    const lost = `INSERT INTO sync.dead_letter (outbox_id, seq, reason, xid, "table", op, at)
      SELECT id, 1, 'a reason', xid, "table", op, at FROM sync.outbox WHERE key = '23'`;
    await database.query(claimed);
    await database.query(lost);
    const first = await fence(from);
    // By the largest id of each: neither by id, nor by who began first, nor by who committed first.
    const order = ['11', '20 last', '10', '21', '23 last', '30 last'];
    const small = await readSmall(first);
    expect(small.map(({ key, last }) => `${key}${last ? ' last' : ''}`)).toEqual(order);
    expect(small).toEqual(await readLarge(first));
    expect(small.map(({ isClaimed }) => isClaimed)).toEqual([false, true, false, false, false, false]);
    expect(small[4]?.lostReason).toBe('a reason');

    // What was open has a smaller id than much of the first batch, and is in the second alone.
    await open.query('COMMIT');
    const second = await fence(first.to, 2);
    const late = await readSmall(second);
    expect(late.map(({ key }) => key)).toEqual(['13']);
    expect(late).toEqual(await readLarge(second));
    for (const client of clients) client.release();
  });

  test('read late shows nothing of what has committed since, be its id smaller', async () => {
    const from = await snapshot();
    const open = await database.pool.connect();
    await open.query(`BEGIN; ${bump(1)}`);
    await database.query(bump(2));
    const batch = await fence(from);
    await open.query('COMMIT');
    open.release();
    await database.query(bump(3));
    expect((await readSmall(batch)).map(({ key }) => key)).toEqual(['2']);
  });

  test('has 256 rows at most, and no more bytes than asked for; of any other nothing is read', async () => {
    const from = await snapshot();
    await database.query(`UPDATE counters SET n = n + 1 WHERE id <= 200`);
    await database.query(`UPDATE counters SET n = n + 1 WHERE id <= 56`);
    const few = await fence(from);
    const rows = await readSmall(few);
    expect(rows).toHaveLength(256);
    expect(rows).toEqual(await readLarge(few));
    const bytes = rows.reduce((sum, row) => sum + (row.old?.length ?? 0) + (row.new?.length ?? 0), 0);
    expect(await readSmall(few, bytes)).toHaveLength(256);
    expect(await readSmall(few, bytes - 1)).toEqual([]);

    await database.query(bump(5));
    expect(await readSmall(await fence(from, 2))).toEqual([]);
  });

  test('without rows is none', async () => {
    expect(await readSmall(await fence(await snapshot()))).toEqual([]);
  });

  test('is none when there is a newer batch than the one held', async () => {
    const from = await snapshot();
    await database.query(bump(1));
    const batch = await fence(from);
    await fence(batch.to, 2);
    expect(await readSmall(batch)).toEqual([]);
    const reader = createBatchReader({
      query: connection.query,
      settings: { pieceBytes: MAX_BYTES, maxRowBytes: MAX_BYTES },
    });
    await expect(reader.read(batch, { held: 1, fromSeq: 1 }).next()).rejects.toThrow(FencedOffError);
    // An old batch is sent again while the newest one is held.
    expect(await reader.read(batch, { held: 2, fromSeq: 1 }).next()).toMatchObject({ value: { firstSeq: 1 } });
  });

  test('that is resumed in the middle goes on with the very row', async () => {
    const from = await snapshot();
    await database.query('UPDATE counters SET n = n + 1 WHERE id <= 5');
    const batch = await fence(from);
    const whole = await readSmall(batch);
    const reader = createBatchReader({
      query: connection.query,
      settings: { pieceBytes: MAX_BYTES, maxRowBytes: MAX_BYTES },
    });
    expect(await reader.read(batch, { held: 1, fromSeq: 4 }).next()).toEqual({
      done: false,
      value: { firstSeq: 4, rows: whole.slice(3) },
    });
  });
});

test('a small batch costs the same however much the outbox has come to hold since its statement was planned', async () => {
  await database.query(`UPDATE counters SET n = n + 1 WHERE id <= 2`);
  await database.query('VACUUM ANALYZE sync.outbox');
  let from = NOTHING_VISIBLE;
  for (let n = 1; n <= 10; n += 1) {
    const batch = await fence(from, n);
    await readSmall(batch);
    from = batch.to;
  }
  await database.query(
    "INSERT INTO sync.outbox (\"table\", op, key) SELECT 'x', 'D', i FROM generate_series(1, 20000) AS i",
  );
  const before = await snapshot();
  await database.query(bump(1));
  const batch = await fence(before, 11);
  const entriesRead = async () => {
    await connection.query('SELECT pg_stat_force_next_flush()');
    const [row] = await connection.query<{ read: string }>(
      `SELECT sum(idx_tup_read + idx_tup_fetch) AS read FROM pg_stat_user_indexes WHERE relname = 'outbox'`,
    );
    return Number(row?.read);
  };
  const already = await entriesRead();
  expect(await readSmall(batch)).toHaveLength(1);
  expect((await entriesRead()) - already).toBeLessThan(1_000);
});
