import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { waitFor } from '@sync-hub/dev/wait-for';
import { createConnect } from './connection.ts';
import { createElection, type Leadership } from './election.ts';
import { testLog } from './testing/start-relay.ts';

jest.setTimeout(30_000);

let database: TestDatabase;
let stop: AbortController;
const elected: Leadership[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await Promise.all(elected.splice(0).map((leadership) => leadership.resign()));
  await database.close();
});

async function stand(): Promise<Leadership> {
  const connect = createConnect(database.url);
  const election = createElection({ connect, log: testLog, settings: { leaseMs: 1_000, pingMs: 250 } });
  const leadership = await election.win(stop.signal);
  if (leadership === null) throw new Error('stopped');
  elected.push(leadership);
  return leadership;
}

const connections = () =>
  database.query<{ pid: number; xmin: string | null; locks: number }>(
    `SELECT pid, backend_xmin::text AS xmin,
       (SELECT count(*)::int FROM pg_locks WHERE pg_locks.pid = a.pid AND locktype = 'advisory') AS locks
     FROM pg_stat_activity AS a WHERE application_name = 'sync-hub listener: leadership' AND datname = current_database()`,
  );

test('one of those who stand is elected, another at once when that one resigns', async () => {
  const first = await stand();
  const second = stand();
  await waitFor(async () => (await connections()).length === 2, { what: 'two candidates' });
  expect((await connections()).filter(({ locks }) => locks > 0)).toHaveLength(1);
  const resignedAt = performance.now();
  await first.resign();
  await second;
  expect(performance.now() - resignedAt).toBeLessThan(800);
});

test('a leader stays one as long as it gives signs of life', async () => {
  const leader = await stand();
  const asked = stand().catch(() => null);
  await waitFor(async () => (await connections()).length === 2, { what: 'two candidates' });
  const until = performance.now() + 3_000;
  await waitFor(() => performance.now() > until || leader.lost.aborted, { what: 'three leases' });
  expect(leader.lost.aborted).toBe(false);
  stop.abort();
  await asked;
});

test('a leader whose connection is cut knows that it is none any more', async () => {
  const leader = await stand();
  await database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sync-hub listener: leadership'`,
  );
  await waitFor(() => leader.lost.aborted, { what: 'the loss to be noticed', timeoutMs: 1_000 });
  await stand();
});

test('a candidate that waits holds no snapshot, so that tables can be vacuumed', async () => {
  await stand();
  const waiting = stand().catch(() => null);
  await waitFor(async () => (await connections()).length === 2, { what: 'two candidates' });
  await waitFor(async () => (await connections()).every(({ xmin }) => xmin === null), {
    what: 'no snapshot to be held',
  });
  stop.abort();
  await waiting;
});

test('standing for election ends when it is told to', async () => {
  await stand();
  const waiting = createElection({
    connect: createConnect(database.url),
    log: testLog,
    settings: { leaseMs: 1_000, pingMs: 250 },
  }).win(stop.signal);
  stop.abort();
  expect(await waiting).toBeNull();
});
