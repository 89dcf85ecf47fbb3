import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import type { Batch } from './batch.ts';
import { createBatchReader } from './batch-reader.ts';
import { type Connection, createConnect, QUEUE_SETTINGS } from './connection.ts';
import { fetchRows, MissingRowsError, type OutboxRow, planRows } from './outbox-rows.ts';
import { createCounters } from './testing/writers.ts';
import { countRows, transactionsBetween } from './transactions.ts';

const MAX_ROW_BYTES = 2 ** 20;

let database: TestDatabase;
let connection: Connection;
beforeAll(async () => {
  database = await createTestDatabase();
  await createCounters(database, 400);
  connection = await createConnect(database.url)('relay', QUEUE_SETTINGS);
});
beforeEach(async () => {
  await database.query('DELETE FROM sync.outbox');
  await database.query('DELETE FROM sync.batch');
  await database.query('DELETE FROM sync.claim');
  await database.query('DELETE FROM sync.dead_letter');
});
afterAll(async () => {
  await connection.end();
  await database.close();
});

async function snapshot(): Promise<string> {
  const [row] = await database.query<{ now: string }>('SELECT pg_current_snapshot()::text AS now');
  if (row === undefined) throw new Error('no snapshot');
  return row.now;
}

/** What has committed since, its first record being number 101. */
async function fence(from: string): Promise<Batch> {
  const to = await snapshot();
  await database.query(`INSERT INTO sync.batch VALUES (1, 'run', gen_random_uuid(), $1, $2, now(), 101, 100)`, [
    from,
    to,
  ]);
  return { batch: 1, incarnation: 'run', tag: '', from, to, fencedAt: '', firstSeq: 101, sentSeq: 100 };
}

async function piecesOf(batch: Batch, pieceBytes: number, fromSeq = batch.firstSeq) {
  const settings = { pieceBytes, maxRowBytes: MAX_ROW_BYTES };
  const pieces: (readonly OutboxRow[])[] = [];
  let nextSeq = fromSeq;
  for await (const { firstSeq, rows } of createBatchReader({ query: connection.query, settings }).read(batch, {
    held: 1,
    fromSeq,
  })) {
    expect(firstSeq).toBe(nextSeq);
    nextSeq += rows.length;
    pieces.push(rows);
  }
  return pieces;
}

/** By asking for all sizes, and then for the rows. */
async function rowsOneByOne({ from, to }: Batch): Promise<readonly OutboxRow[]> {
  const rows: OutboxRow[] = [];
  for await (const transactions of transactionsBetween(connection.query, { from, to })) {
    const slice = { transactions, done: 0, afterId: '0', rows: countRows(transactions) };
    rows.push(...(await fetchRows(connection.query, await planRows(connection.query, slice), MAX_ROW_BYTES)));
  }
  return rows;
}

const bytesOf = (rows: readonly OutboxRow[]) =>
  rows.reduce((sum, { old, new: image }) => sum + (old?.length ?? 0) + (image?.length ?? 0), 0);

/** Rows of every kind and size, by transactions of one row and of hundreds, of which some take turns. */
async function writeAllKinds(): Promise<void> {
  const clients = await Promise.all([database.pool.connect(), database.pool.connect()]);
  const [one, two] = clients;
  if (one === undefined || two === undefined) throw new Error();
  await one.query('BEGIN');
  await two.query('BEGIN');
  for (let id = 1; id <= 20; id += 1) {
    await one.query(`UPDATE counters SET n = n + 1 WHERE id = ${id}`);
    await two.query(`UPDATE counters SET n = n + 1 WHERE id = ${id + 100}`);
  }
  await database.query('UPDATE counters SET n = n + 1 WHERE id > 200');
  await two.query('COMMIT');
  await one.query('COMMIT');
  for (const client of clients) client.release();
  await database.query(`UPDATE counters SET note = repeat(md5(n::text), id) WHERE id BETWEEN 150 AND 180`);
  await database.query(`UPDATE counters SET note = repeat('long', 5000) WHERE id IN (160, 170)`);
  await database.query(`INSERT INTO sync.outbox ("table", op, key, new, actor, mutation_id) VALUES
    ('no such "table', 'X', '1', '[]', 'ada', 'm'), ('counters', 'T', NULL, NULL, NULL, NULL), ('counters', 'I', 'ü', '{"ü": 1}', '"', E'\\n')`);
  await database.query(`INSERT INTO sync.outbox ("table", op, key, at) SELECT 'counters', 'D', 'at', at FROM unnest(ARRAY[
    '2026-01-02 03:04:05Z', '2026-01-02 03:04:05.1Z', '2026-12-31 23:59:59.999999Z', '2026-06-01 12:00:00.000010+02',
    '0987-01-01Z', '12026-01-01Z', '0044-03-15Z BC']::timestamptz[]) AS at`);
  await database.query('UPDATE counters SET n = n + 1');
}

test('whatever is in a batch, it is the same rows in the same order as asked for one by one, however it is cut', async () => {
  const from = await snapshot();
  await writeAllKinds();
  const batch = await fence(from);
  const expected = await rowsOneByOne(batch);
  expect(expected.length).toBeGreaterThan(600);
  for (const pieceBytes of [1, 5_000, 30_000, MAX_ROW_BYTES]) {
    expect((await piecesOf(batch, pieceBytes)).flat()).toEqual(expected);
  }
  for (const skip of [1, 20, 21, 199, 200, 240, expected.length - 1]) {
    expect((await piecesOf(batch, 20_000, batch.firstSeq + skip)).flat()).toEqual(expected.slice(skip));
  }
  expect(await piecesOf(batch, 20_000, batch.firstSeq + expected.length)).toEqual([]);
});

test('what was decided about a row when it was sent before is told with it', async () => {
  const from = await snapshot();
  await writeAllKinds();
  await database.query(`INSERT INTO sync.claim SELECT id, 1 FROM sync.outbox WHERE key IN ('20', '399')`);
  await database.query(`INSERT INTO sync.dead_letter (outbox_id, seq, reason, xid, "table", op, at)
    SELECT id, 1, 'a reason', xid, "table", op, at FROM sync.outbox WHERE key IN ('20', '120')`);
  const batch = await fence(from);
  const rows = (await piecesOf(batch, 30_000)).flat();
  expect(rows).toEqual(await rowsOneByOne(batch));
  const keysOf = (some: readonly OutboxRow[]) => some.map(({ key }) => key).sort();
  expect(keysOf(rows.filter(({ isClaimed }) => isClaimed))).toEqual(['20', '20', '399', '399']);
  expect(keysOf(rows.filter(({ lostReason }) => lostReason === 'a reason'))).toEqual(['120', '120', '20', '20']);
});

test('a piece has no more bytes than asked for, unless it is one row; and not much fewer, where rows are small', async () => {
  const before = await snapshot();
  await writeAllKinds();
  const from = await snapshot();
  for (let n = 0; n < 5; n += 1) await database.query('UPDATE counters SET n = n + 1 WHERE id <= 140');
  const bytesWithin = (rows: readonly OutboxRow[]) => bytesOf(rows) + 700 * rows.length;
  const batch = await fence(from);
  const all = await piecesOf({ ...batch, from: before }, 40_000);
  for (const rows of all) expect(rows.length === 1 || bytesWithin(rows) <= 40_000).toBe(true);
  const small = (await piecesOf(batch, 40_000)).slice(0, -1);
  expect(Math.min(...small.map(bytesWithin))).toBeGreaterThan(38_000);
});

test.each([
  ['the first row of a transaction', 'min'],
  ['the last', 'max'],
])('%s is missing: reading ends with an error before any row after it', async (_, which) => {
  const from = await snapshot();
  await database.query('UPDATE counters SET n = n + 1');
  await database.query('UPDATE counters SET n = n + 1 WHERE id <= 100');
  await database.query('UPDATE counters SET n = n + 1');
  const batch = await fence(from);
  const settings = { pieceBytes: 20_000, maxRowBytes: MAX_ROW_BYTES };
  const pieces = createBatchReader({ query: connection.query, settings }).read(batch, { held: 1, fromSeq: 101 });
  await pieces.next();
  await database.query(`DELETE FROM sync.outbox WHERE id = (
    SELECT ${which}(id) FROM sync.outbox WHERE xid = (SELECT DISTINCT xid FROM sync.outbox ORDER BY xid OFFSET 1 LIMIT 1))`);
  let lastSeq = 0;
  const readOn = async () => {
    for await (const { firstSeq, rows } of pieces) lastSeq = firstSeq + rows.length - 1;
  };
  await expect(readOn()).rejects.toThrow(MissingRowsError);
  expect(lastSeq).toBeLessThan(600);
});
