import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { waitFor } from '@sync-hub/dev/wait-for';
import { createPostgresStream } from './postgres-stream.ts';
import type { Stream } from './stream.ts';
import { collect, places } from './testing/collect.ts';
import { record, records } from './testing/records.ts';
import { silentLog } from './testing/silent-log.ts';

const HOUR_MS = 60 * 60 * 1000;
const NEVER_MS = 60_000;

let database: TestDatabase;
const streams: Stream[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(streams.splice(0).map((stream) => stream.close()));
  await database.close();
});

async function open({ pollMs = 250 } = {}): Promise<Stream> {
  const stream = await createPostgresStream({
    databaseUrl: database.url,
    retentionMs: HOUR_MS,
    pollMs,
    log: silentLog,
  });
  streams.push(stream);
  return stream;
}

describe('a deposed relay that is still committing', () => {
  const INSERT = 'INSERT INTO sync.log (epoch, seq, payload) VALUES ($1, $2, $3)';

  test('holds back its successor, so that nothing can be read past what it will still commit', async () => {
    const [successor, api] = [await open(), await open()];
    const sink = collect();
    await api.read('earliest', sink);
    await successor.publish(records(1, 3));
    await sink.until(3);

    const deposed = await database.pool.connect();
    await deposed.query('BEGIN');
    await deposed.query(INSERT, [1, 4, record(4).value]);
    let isPublished = false;
    const publishing = successor.publish(records(4, 6)).then(() => {
      isPublished = true;
    });
    await untilSomeoneWaitsForALock();
    expect(isPublished).toBe(false);
    await deposed.query('COMMIT');
    deposed.release();
    await publishing;
    await sink.until(6);
    expect(sink.told).toEqual(places(1, 6));
  });

  test('and rolls back leaves its place to its successor', async () => {
    const [successor, api] = [await open(), await open()];
    const sink = collect();
    await api.read('earliest', sink);
    const deposed = await database.pool.connect();
    await deposed.query('BEGIN');
    await deposed.query(INSERT, [1, 1, record(1).value]);
    const publishing = successor.publish(records(1, 2));
    await untilSomeoneWaitsForALock();
    await deposed.query('ROLLBACK');
    deposed.release();
    await publishing;
    await sink.until(2);
    expect(sink.told).toEqual(places(1, 2));
  });

  test('after its successor has begun a new epoch is never heard by readers of that epoch', async () => {
    const [successor, api] = [await open(), await open()];
    const sink = collect();
    await api.read('earliest', sink);
    const deposed = await database.pool.connect();
    await deposed.query('BEGIN');
    await deposed.query(INSERT, [1, 1, record(1).value]);
    await successor.publish(records(1, 2, { epoch: 2 }));
    await sink.until(2, 2);
    await deposed.query('COMMIT');
    deposed.release();
    await successor.publish(records(3, 3, { epoch: 2 }));
    await sink.until(3, 2);
    expect(sink.told).toEqual(places(1, 3, 2));
  });

  async function untilSomeoneWaitsForALock(): Promise<void> {
    const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    await waitFor(async () => (await database.query(waiting)).length > 0, { what: 'a wait for a lock' });
  }
});

describe('a reader', () => {
  test('is nudged: it does not wait for its next poll', async () => {
    const [relay, api] = [await open(), await open({ pollMs: NEVER_MS })];
    const sink = collect();
    await api.read('earliest', sink);
    await relay.publish([record(1)]);
    await sink.until(1);
  });

  test('finds what nobody nudged it for', async () => {
    const api = await open({ pollMs: 20 });
    const sink = collect();
    await api.read('earliest', sink);
    await database.query('INSERT INTO sync.log (epoch, seq, payload) VALUES (1, 1, $1)', [record(1).value]);
    await sink.until(1);
  });

  test('goes on, nudges and all, when Postgres has cut every connection', async () => {
    const [relay, api] = [await open(), await open({ pollMs: NEVER_MS })];
    const sink = collect();
    await api.read('earliest', sink);
    await relay.publish(records(1, 3));
    await sink.until(3);
    for (const round of [1, 2]) {
      await database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'sync-hub stream%'",
      );
      const batch = records(3 * round + 1, 3 * round + 3);
      await waitFor(() => relay.publish(batch).then(() => true), { what: 'an acknowledgement' });
      await sink.until(3 * round + 3);
    }
    expect(sink.told).toEqual(places(1, 9));
  });
});

describe('retention', () => {
  test('deletes what is older, from the start and in bounded steps, when somebody publishes', async () => {
    const payload = record(1).value;
    await database.query(
      `INSERT INTO sync.log (epoch, seq, payload, created_at)
       SELECT 1, n, $1, now() - make_interval(mins => CASE WHEN n <= 12000 THEN 61 ELSE 59 END) FROM generate_series(1, 12010) n`,
      [payload],
    );
    const relay = await open();
    await relay.publish([record(12_011)]);
    const kept = () => database.query<{ seq: string }>('SELECT seq FROM sync.log ORDER BY seq');
    await waitFor(async () => (await kept()).length === 11, { what: 'the old records to go' });
    expect((await kept())[0]?.seq).toBe('12001');
  });

  test('never tears a hole, though the clock went back', async () => {
    await database.query(
      `INSERT INTO sync.log (epoch, seq, payload, created_at)
       SELECT 1, n, $1, now() - make_interval(mins => CASE WHEN n IN (3, 4) THEN 5 ELSE 90 END) FROM generate_series(1, 8) n`,
      [record(1).value],
    );
    const relay = await open();
    await relay.publish([record(9)]);
    const kept = () => database.query<{ seq: number }>('SELECT seq::int FROM sync.log ORDER BY seq');
    await waitFor(async () => (await kept()).length < 9, { what: 'a sweep' });
    expect((await kept()).map(({ seq }) => seq)).toEqual([3, 4, 5, 6, 7, 8, 9]);
  });
});

test('what is acknowledged was committed with synchronous_commit on, whatever the database says', async () => {
  await database.query(`
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$;
    CREATE TABLE seen (setting text);
    CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER see AFTER INSERT ON sync.log
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION see();`);
  const relay = await open();
  await relay.publish([record(1)]);
  expect(await database.query('SELECT setting FROM seen')).toEqual([{ setting: 'on' }]);
});

test('closing leaves no connection behind', async () => {
  const connections =
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'sync-hub%'";
  const stream = await open();
  await stream.read('earliest', collect());
  await stream.publish([record(1)]);
  await stream.close();
  await waitFor(async () => (await database.query(connections)).length === 0, { what: 'connections to be gone' });
});

test('a database without the migrations is refused at once', async () => {
  await database.query('DROP TABLE sync.log');
  await expect(open()).rejects.toThrow('relation "sync.log" does not exist');
});

test('a reader that is read up tells whatever number of records comes next, by nudges alone', async () => {
  const [relay, api] = [await open(), await open({ pollMs: NEVER_MS })];
  const sink = collect();
  await api.read('earliest', sink);
  let last = 0;
  for (const count of [1, 1, 3, 4, 5, 1, 8, 2_500, 3, 2]) {
    await relay.publish(records(last + 1, last + count));
    last += count;
    await sink.until(last);
  }
  expect(sink.told).toEqual(places(1, last));
});
