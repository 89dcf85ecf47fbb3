import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createPostgresStream } from '@sync-hub/stream/postgres-stream';
import type { EncodedRecord, Stream } from '@sync-hub/stream/stream';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import type { Batch } from './batch.ts';
import { createBatchReader } from './batch-reader.ts';
import { type Connection, createConnect, QUEUE_SETTINGS } from './connection.ts';
import { FencedOffError, type Look, lookAndFence, recordSent } from './fence.ts';
import { createMetrics } from './metrics.ts';
import { createPublisher } from './publisher.ts';
import { beginSession } from './relay-session.ts';
import { fenceNext } from './testing/fence-next.ts';
import { testLog } from './testing/start-relay.ts';
import { createCounters } from './testing/writers.ts';

const MAX_BYTES = 2 ** 20;
const place = { epoch: 3, epochId: 'an "epoch"' };

let database: TestDatabase;
let connection: Connection;
let stream: Stream;
let session: string;
let held: Batch;
beforeAll(async () => {
  database = await createTestDatabase();
  await createCounters(database, 300);
  stream = await createPostgresStream({ databaseUrl: database.url, retentionMs: 3_600_000, log: testLog });
  connection = await createConnect(database.url)('relay', { ...QUEUE_SETTINGS, synchronous_commit: 'on' });
  session = await beginSession(connection.query);
  await database.query(
    `INSERT INTO sync.batch VALUES (1, 'run', gen_random_uuid(), '1:1:', pg_current_snapshot(), now(), 1, 1)`,
  );
  const [newest] = await database.query<{ to: string }>('SELECT to_snapshot::text AS to FROM sync.batch');
  held = { batch: 1, incarnation: '', tag: '', from: '', to: newest?.to ?? '', fencedAt: '', firstSeq: 1, sentSeq: 1 };
});
afterAll(async () => {
  await connection.end();
  await stream.close();
  await database.close();
});

/** Looks for a small batch. @param isStored  as over the Postgres stream; else as over Kafka. */
function look(isStored: boolean, bounds: { maxBytes?: number; maxRecordBytes?: number } = {}): Promise<Look> {
  const store = isStored ? stream.inStatement : null;
  const atOnce = { ...place, maxBytes: MAX_BYTES, maxRecordBytes: MAX_BYTES, ...bounds, store };
  return lookAndFence(connection.query, held, session, false, atOnce);
}

/** The records of the batch as the publisher would send them that reads it. */
async function published(batch: Batch): Promise<EncodedRecord[]> {
  const sent: EncodedRecord[] = [];
  const { query } = connection;
  const publisher = createPublisher({
    query,
    stream: { maxRecordBytes: MAX_BYTES, publish: async (records) => void sent.push(...records) },
    reader: createBatchReader({ query, settings: { pieceBytes: MAX_BYTES, maxRowBytes: MAX_BYTES } }),
    metrics: createMetrics(new Registry()),
  });
  await publisher.publish(batch, { ...place, held: batch.batch, signal: new AbortController().signal });
  return sent;
}

async function stored({ firstSeq }: Batch): Promise<string[]> {
  const rows = await database.query<{ payload: string }>(
    'SELECT payload FROM sync.log WHERE epoch = $1 AND seq >= $2 ORDER BY seq',
    [place.epoch, firstSeq],
  );
  return rows.map(({ payload }) => payload);
}

const bytesOf = (records: readonly EncodedRecord[]) => records.reduce((sum, { bytes }) => sum + bytes, 0);

/** Holds it as a relay that has sent it. */
async function goOnFrom({ fenced }: Pick<Look, 'fenced'>): Promise<Batch> {
  if (fenced === null) throw new Error('nothing was fenced');
  const [count] = await database.query<{ rows: number }>(
    `SELECT count(*)::int AS rows FROM sync.committed_between($1, $2)`,
    [fenced.from, fenced.to],
  );
  held = await recordSent(connection.query, fenced, fenced.firstSeq + (count?.rows ?? 0) - 1);
  return fenced;
}

/** Takes the same batch by all three ways. */
async function expectAllAlike(write: () => Promise<unknown>): Promise<string[]> {
  await write();
  const forKafka = await look(false);
  const first = await goOnFrom(forKafka);
  expect(forKafka.stored).toBeNull();
  expect(forKafka.records).toEqual(await published(first));

  await write();
  const inTable = await look(true);
  const second = await goOnFrom(inTable);
  const read = await published(second);
  expect(inTable).toMatchObject({ records: null, stored: { records: read.length, bytes: bytesOf(read) } });
  expect(second.sentSeq).toBe(second.firstSeq + read.length - 1);
  const values = await stored(second);
  expect(values).toEqual(read.map(({ value }) => value));
  return values;
}

describe('a small batch that a look brings along, or stores, has the very bytes of one that is read and encoded', () => {
  test('transactions that took turns among them', async () => {
    const values = await expectAllAlike(async () => {
      const [one, two] = await Promise.all([database.pool.connect(), database.pool.connect()]);
      await one.query('BEGIN; UPDATE counters SET n = n + 1 WHERE id = 1');
      await two.query('BEGIN; UPDATE counters SET n = n + 1 WHERE id = 2');
      await one.query('UPDATE counters SET n = n + 1 WHERE id = 3');
      await two.query('COMMIT');
      await one.query('UPDATE counters SET n = n + 1 WHERE id = 1; COMMIT');
      one.release();
      two.release();
      await database.query('DELETE FROM counters WHERE id = 4');
      await database.query('INSERT INTO counters (id, n) VALUES (4, 0)');
    });
    // By the largest id of each.
    expect(values.map((value) => JSON.parse(value).key)).toEqual(['2', '1', '3', '1', '4', '4']);
    expect(values.map((value) => JSON.parse(value).last)).toEqual([true, false, false, true, true, true]);
  });

  test('whatever texts are in it', async () => {
    const text = fc.string({ unit: 'binary' }).map((any) => any.replaceAll('\u0000', ''));
    const maybe = fc.option(text);
    const row = fc.record({
      op: fc.constantFrom('I', 'U', 'D'),
      key: text,
      scope: maybe,
      actor: maybe,
      actorSession: maybe,
      mutationId: maybe,
      traceparent: maybe,
      table: fc.oneof(fc.constant('counters'), text),
      image: fc.oneof(
        fc.json().map((json) => ` {"json":${json}}`),
        text.map((note) => JSON.stringify({ note })),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
        await expectAllAlike(() => database.query(insertSql, [JSON.stringify(rows)]));
      }),
      { numRuns: 40 },
    );
  });
});

const insertSql = `
  INSERT INTO sync.outbox ("table", op, key, scope, actor, actor_session, mutation_id, traceparent, old, new)
  SELECT "table", op::"char", key, scope, actor, "actorSession", "mutationId", traceparent,
         CASE WHEN op <> 'I' THEN image::json END, CASE WHEN op <> 'D' THEN image::json END
  FROM json_to_recordset($1::json) AS r (
    "table" text, op text, key text, scope text, actor text, "actorSession" text, "mutationId" text, traceparent text, image text)`;

describe('nothing but the fence is done at once, and nothing stored, when', () => {
  test.each([
    ['there are more rows than are read at once', 'UPDATE counters SET n = n + 1 WHERE id <= 257', {}],
    ['they are too large together', `UPDATE counters SET note = 'x' WHERE id = 1`, { maxBytes: 20 }],
    ['a record is too large', `UPDATE counters SET note = 'x' WHERE id = 1`, { maxRecordBytes: 200 }],
    ['a table was truncated', 'CREATE TABLE IF NOT EXISTS emptied (id int PRIMARY KEY)', {}],
    ['a row has no key', `INSERT INTO sync.outbox ("table", op, new) VALUES ('x', 'I', '{}')`, {}],
    [
      'a row has an image too many',
      `INSERT INTO sync.outbox ("table", op, key, old, new) VALUES ('x', 'I', 'k', '{}', '{}')`,
      {},
    ],
    ['a row lacks an image', `INSERT INTO sync.outbox ("table", op, key, new) VALUES ('x', 'U', 'k', '{}')`, {}],
    ['an image is no object', `INSERT INTO sync.outbox ("table", op, key, new) VALUES ('x', 'I', 'k', '[]')`, {}],
    ['an operation is unknown', `INSERT INTO sync.outbox ("table", op, key, new) VALUES ('x', '?', 'k', '{}')`, {}],
    [
      'a row is claimed',
      `WITH o AS (INSERT INTO sync.outbox ("table", op, key, new) VALUES ('x', 'I', 'k', '{}') RETURNING id) INSERT INTO sync.claim SELECT id, 1 FROM o`,
      {},
    ],
    [
      'a row is lost',
      `WITH o AS (INSERT INTO sync.outbox ("table", op, key, new) VALUES ('x', 'I', 'k', '{}') RETURNING *) INSERT INTO sync.dead_letter (outbox_id, seq, reason, xid, "table", op, at) SELECT id, 1, 'a reason', xid, "table", op, at FROM o`,
      {},
    ],
  ])('%s', async (_, sql, bounds) => {
    for (const isStored of [true, false]) {
      if (sql.startsWith('CREATE')) await truncate();
      else await database.query(sql);
      const found = await look(isStored, bounds);
      expect(found).toMatchObject({ isWaiting: true, stored: null, records: null });
      expect(found.fenced?.sentSeq).toBe(held.sentSeq);
      const batch = await goOnFrom(found);
      expect(await stored(batch)).toEqual([]);
    }
  });

  async function truncate(): Promise<void> {
    await database.query('CREATE TABLE IF NOT EXISTS emptied (id int PRIMARY KEY)');
    await database.query(`SELECT sync.track('emptied')`);
    await database.query('TRUNCATE emptied');
  }

  test('it is a heartbeat', async () => {
    const { query } = connection;
    const atOnce = { ...place, maxBytes: MAX_BYTES, maxRecordBytes: MAX_BYTES, store: stream.inStatement };
    const beat = await lookAndFence(query, held, session, true, atOnce);
    expect(beat).toMatchObject({ isWaiting: false, stored: null, records: null });
    expect(beat.fenced?.sentSeq).toBe(held.sentSeq);
    if (beat.fenced !== null) held = await recordSent(query, beat.fenced, beat.fenced.firstSeq);
  });
});

describe('of two relays that hold the same batch', () => {
  test('the one that gets the next stores it, once; the other stores nothing', async () => {
    const other = await createConnect(database.url)('relay', { ...QUEUE_SETTINGS, synchronous_commit: 'on' });
    const atOnce = { ...place, maxBytes: MAX_BYTES, maxRecordBytes: MAX_BYTES, store: stream.inStatement };
    for (let round = 0; round < 20; round += 1) {
      await database.query('UPDATE counters SET n = n + 1 WHERE id = 1');
      const looks = await Promise.allSettled(
        [connection, other].map(({ query }) => lookAndFence(query, held, session, false, atOnce)),
      );
      const won = looks.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      expect(won).toHaveLength(1);
      const lost = looks.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
      expect(lost).toEqual([expect.any(FencedOffError)]);
      if (won[0] === undefined) throw new Error('nobody has got it');
      const batch = await goOnFrom(won[0]);
      expect((await stored(batch)).map((value) => JSON.parse(value).tag)).toEqual([batch.tag]);
    }
    await other.end();
  });

  test('that nobody stores on a place that is taken: the batch is not fixed either', async () => {
    await database.query('UPDATE counters SET n = n + 1 WHERE id = 1');
    await database.query('INSERT INTO sync.log (epoch, seq, payload) VALUES ($1, $2, $3)', [3, held.sentSeq + 1, '{}']);
    await expect(look(true)).rejects.toThrow(/duplicate key/);
    await database.query('DELETE FROM sync.log WHERE epoch = 3 AND seq = $1', [held.sentSeq + 1]);
    const next = await fenceNext(connection.query, held, session);
    expect(next.batch).toBe(held.batch + 1);
    await goOnFrom({ fenced: next });
  });
});

test('a change costs the same however much the outbox has come to hold since the statement was planned', async () => {
  const entriesRead = async () => {
    await connection.query('SELECT pg_stat_force_next_flush()');
    const [row] = await connection.query<{ read: string }>(
      `SELECT sum(idx_tup_read + idx_tup_fetch) AS read FROM pg_stat_user_indexes WHERE relname = 'outbox'`,
    );
    return Number(row?.read);
  };
  await database.query('DELETE FROM sync.outbox');
  await database.query('VACUUM ANALYZE sync.outbox');
  await connection.end(); // The next one plans anew.
  connection = await createConnect(database.url)('relay', { ...QUEUE_SETTINGS, synchronous_commit: 'on' });
  for (let n = 0; n < 10; n += 1) {
    await database.query('UPDATE counters SET n = n + 1 WHERE id = 1');
    await goOnFrom(await look(true));
  }
  await database.query(
    `INSERT INTO sync.outbox ("table", op, key) SELECT 'x', 'D', i FROM generate_series(1, 20000) AS i`,
  );
  await goOnFrom(await look(true));
  await database.query('UPDATE counters SET n = n + 1 WHERE id = 1');
  const before = await entriesRead();
  expect((await look(true)).stored?.records).toBe(1);
  expect((await entriesRead()) - before).toBeLessThan(1_000);
});
