import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createTestDatabase } from '@sync-hub/dev/test-database';
import { waitFor } from '@sync-hub/dev/wait-for';
import type { PoolClient } from 'pg';
import { createHub, type Hub } from './testing/hub.ts';
import { type Races, raceSleep } from './testing/race-sleep.ts';
import { createCounters } from './testing/writers.ts';

/** SLEEP_RACES: how many commits race a falling asleep. */
const ROUNDS = Number(process.env['SLEEP_RACES'] || 10_000);
/** Races at a time, for most of one is waiting. Each has its own database; transaction ids are the server's, so each meets the others'. */
const RACERS = 5;
jest.setTimeout(60_000 + ROUNDS * 15);

/** Longer than any test: what is found was not found by polling. */
const NEVER_MS = 3_600_000;

let hub: Hub;
beforeEach(async () => {
  hub = await createHub();
});
afterEach(() => hub.close());

const update = 'UPDATE counters SET n = n + 1 WHERE id = 1';

async function isAwake(): Promise<boolean> {
  const locks = await hub.database.query(
    `SELECT FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted
       AND classid = x'73796e63'::integer AND objid = x'6177616b'::integer
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return locks.length > 0;
}

/** The nudges and commits of a load that keeps a relay busy, until `enough`. */
async function load(enough: () => boolean | Promise<boolean>): Promise<{ nudges: number; commits: number }> {
  const listener = await hub.database.pool.connect();
  let nudges = 0;
  let commits = 0;
  const onNotification = () => {
    nudges += 1;
  };
  listener.on('notification', onNotification);
  await listener.query('LISTEN sync');
  let isOver = false;
  const writers = Array.from({ length: 8 }, async (_, index) => {
    while (!isOver) {
      await hub.database.query(`UPDATE counters SET n = n + 1 WHERE id = ${index + 2}`);
      commits += 1;
    }
  });
  await waitFor(enough, { what: 'enough of a load', timeoutMs: 30_000 });
  isOver = true;
  await Promise.all(writers);
  await listener.query('UNLISTEN sync');
  listener.off('notification', onNotification);
  listener.release();
  return { nudges, commits };
}

/** An open transaction that has written while the relay was awake, so that its commit nudges nobody. */
async function writeWhileAwake(): Promise<PoolClient> {
  const client = await hub.database.pool.connect();
  let hasWritten = false;
  await load(async () => {
    if (!(await isAwake())) return false;
    await client.query(`BEGIN; ${update}`);
    hasWritten = await isAwake();
    if (!hasWritten) await client.query('ROLLBACK');
    return hasWritten;
  });
  return client;
}

test('a commit that races the relay falling asleep is never missed, however long its transaction was open', async () => {
  const race = async () => {
    const database = await createTestDatabase();
    try {
      await createCounters(database, 1);
      return await raceSleep(database, { counter: 'counters', rounds: Math.ceil(ROUNDS / RACERS) });
    } finally {
      await database.close();
    }
  };
  const startedAt = performance.now();
  const races = await Promise.all(Array.from({ length: RACERS }, race));
  const sum = (of: (one: Races) => number) => races.reduce((total, one) => total + of(one), 0);
  if (process.env['SLEEP_RACES'])
    process.stderr.write(`${JSON.stringify(races)} ${performance.now() - startedAt} ms\n`);
  expect(sum(({ rounds }) => rounds)).toBeGreaterThanOrEqual(ROUNDS);
  // The race was one: it went either way.
  expect(sum(({ silent }) => silent)).toBeGreaterThan(0);
  expect(sum(({ rounds, silent }) => rounds - silent)).toBeGreaterThan(0);
  expect(sum(({ openAcross }) => openAcross)).toBeGreaterThan(0);
});

test('writers do not nudge a relay that is busy', async () => {
  await createCounters(hub.database, 9);
  await hub.startTerm({ pollMs: NEVER_MS, heartbeatMs: NEVER_MS });
  const until = performance.now() + 2_000;
  const { nudges, commits } = await load(() => performance.now() > until);
  expect(nudges).toBeLessThan(commits);
  await hub.untilDrained();
  await waitFor(async () => !(await isAwake()), { what: 'the relay to sleep' });
  await hub.database.query(update);
  await hub.untilDrained();
});

test('a relay that falls asleep beside an open transaction finds what that commits, and meanwhile is nudged by others', async () => {
  await createCounters(hub.database, 9);
  await hub.startTerm({ pollMs: NEVER_MS, heartbeatMs: NEVER_MS });
  const open = await writeWhileAwake();
  await waitFor(async () => !(await isAwake()), { what: 'the relay to let go' });
  for (let n = 0; n < 5; n += 1) {
    await hub.database.query('UPDATE counters SET n = n + 1 WHERE id = 2');
    await hub.untilDrained();
  }
  await open.query('COMMIT');
  open.release();
  await hub.untilDrained();
});

test('a relay that dies awake leaves nothing behind that its successor would sleep through', async () => {
  await createCounters(hub.database, 9);
  const first = await hub.startTerm({ pollMs: NEVER_MS, heartbeatMs: NEVER_MS });
  const open = await writeWhileAwake();
  await first.cut();
  await waitFor(async () => !(await isAwake()), { what: 'the lock to be gone with its connection' });
  await hub.startTerm({ pollMs: NEVER_MS, heartbeatMs: NEVER_MS });
  await hub.untilDrained();
  await open.query('COMMIT');
  open.release();
  await hub.untilDrained();
});

test('what says awake is of the connection that leads, and so ends with the leadership', async () => {
  await createCounters(hub.database, 9);
  await hub.startRelay();
  const holders = async () =>
    await hub.database.query<{ name: string }>(
      `SELECT application_name AS name FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND objid = x'6177616b'::integer
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
  let seen: readonly { name: string }[] = [];
  await load(async () => {
    seen = await holders();
    return seen.length > 0;
  });
  expect(seen).toEqual([{ name: 'sync-hub listener: leadership' }]);
});
