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

const LEASE_MS = 1_500;

async function stand(leaseMs = LEASE_MS): Promise<Leadership> {
  const connect = createConnect(database.url);
  const election = createElection({ connect, log: testLog, settings: { leaseMs, pingMs: 250 } });
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

test('one of those who stand is elected, another when that one resigns, long before its lease ends', async () => {
  const first = await stand(600_000);
  const second = stand(600_000);
  await waitFor(async () => (await connections()).length === 2, { what: 'two candidates' });
  expect((await connections()).filter(({ locks }) => locks > 0)).toHaveLength(1);
  await first.resign();
  await second;
});

test('a leader stays one as long as it gives signs of life', async () => {
  const leader = await stand();
  const asked = stand().catch(() => null);
  await waitFor(async () => (await connections()).length === 2, { what: 'two candidates' });
  const until = performance.now() + 2 * LEASE_MS;
  await waitFor(() => performance.now() > until || leader.lost.aborted, { what: 'two leases' });
  expect(leader.lost.aborted).toBe(false);
  stop.abort();
  await asked;
});

test('a leader whose connection is cut knows that it is none any more', async () => {
  const leader = await stand();
  await database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sync-hub listener: leadership'`,
  );
  await waitFor(() => leader.lost.aborted, { what: 'the loss to be noticed' });
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
  const waiting = stand();
  stop.abort();
  await expect(waiting).rejects.toThrow('stopped');
});
