import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDatabase } from '@sync-hub/dev/test-database';
import pg from 'pg';
import { type AwakeLock, createAwakeLock } from '../awake-lock.ts';
import { createConnect } from '../connection.ts';
import { createVigil } from '../vigil.ts';
import { startWakeUps } from '../wake-ups.ts';
import { testLog } from './start-relay.ts';

/** What was raced. Each round is one commit, made while the one who looks is on its way to sleep, or has got there. */
export interface Races {
  readonly rounds: number;
  /** Commits that came without a nudge. */
  readonly silent: number;
  /** Transactions that had written before the lock was let go, and committed after. */
  readonly openAcross: number;
}

/** Nothing but a nudge, or the vigil itself, ends a sleep. */
const NEVER_MS = 3_600_000;
const FOUND_WITHIN_MS = 5_000;

/**
 * Races commits against somebody who falls asleep after each of them, as a relay does, over the real triggers.
 *
 * Each commit comes after the one before was found and before the one who found it can be sure to sleep: at any step of it.
 * Nothing polls, so a wake-up that is missed is missed for ever.
 *
 * @param counter  a tracked table with one row and its column `n`.
 * @throws Error when a commit was not found in time.
 */
export async function raceSleep(
  database: TestDatabase,
  { counter, rounds }: { readonly counter: string; readonly rounds: number },
): Promise<Races> {
  const stop = new AbortController();
  const races = { rounds: 0, silent: 0, openAcross: 0 };
  const connection = await createConnect(database.url)('race');
  const wakeUps = startWakeUps({ databaseUrl: database.url, log: testLog });
  const lock = countReleases(createAwakeLock(connection.query));
  const vigil = createVigil({ query: connection.query, awakeLock: lock, wakeUps });
  const writer = await open(database.url);
  let nudges = 0;
  writer.on('notification', () => {
    nudges += 1;
  });
  await writer.query('LISTEN sync; SET synchronous_commit = off');

  const found = createTurn();
  async function watch(): Promise<void> {
    let seen = 0;
    while (!stop.signal.aborted) {
      const [row] = await connection.query<{ n: number; oldestOpenXid: string }>(
        `SELECT n, pg_snapshot_xmin(pg_current_snapshot())::text AS "oldestOpenXid" FROM ${counter}`,
      );
      if (row === undefined) throw new Error('the counter is gone');
      if (row.n === seen) {
        await vigil.rest(BigInt(row.oldestOpenXid), NEVER_MS, stop.signal);
      } else {
        seen = row.n;
        if (Math.random() < 0.5) await vigil.busy();
        found.take(seen);
        await vigil.sleepOn(NEVER_MS, stop.signal);
      }
    }
  }
  const watching = watch();

  async function write(n: number): Promise<void> {
    const update = `UPDATE ${counter} SET n = ${n}`;
    const moment = () => sleepBriefly(Math.random());
    const kind = n % 4;
    if (kind === 0) {
      await moment();
      await writer.query(update);
      return;
    }
    const releases = lock.releases();
    if (kind === 1) await writer.query(`BEGIN; ${update}`);
    if (kind === 2) await writer.query(`BEGIN; SAVEPOINT s; ${update}; ROLLBACK TO s; ${update}`);
    if (kind === 3) {
      await writer.query('BEGIN; SELECT pg_current_xact_id()');
      await moment();
      await writer.query(`${update}; SAVEPOINT s; ${update}; ROLLBACK TO s`);
    }
    const before = lock.releases();
    await moment();
    if (before === releases && lock.releases() > before) races.openAcross += 1;
    await writer.query('COMMIT');
  }

  try {
    for (let n = 1; n <= rounds; n += 1) {
      await write(n);
      await inTime(n, found.of(n), watching);
      races.rounds = n;
    }
  } finally {
    stop.abort();
    await Promise.allSettled([watching]);
    await Promise.all([connection.end(), wakeUps.close(), writer.end()]);
  }
  return { ...races, silent: rounds - nudges };
}

/** From nothing to some milliseconds: the timer's own resolution would leave out the shortest. */
async function sleepBriefly(share: number): Promise<void> {
  if (share < 0.3) return;
  if (share < 0.5) return new Promise((resolve) => void setImmediate(resolve));
  await sleep(share < 0.95 ? 1 : 3);
}

/** Rejects with what `watching` rejects with, or when `found` has not come in time. */
async function inTime(n: number, found: Promise<void>, watching: Promise<void>): Promise<void> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), FOUND_WITHIN_MS);
  await Promise.race([
    found,
    watching,
    new Promise<never>((_, reject) => {
      late.signal.onabort = () => reject(new Error(`commit ${n} was not found: a wake-up was missed`));
    }),
  ]).finally(() => clearTimeout(timer));
}

async function open(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  return client;
}

function countReleases(lock: AwakeLock): AwakeLock & { releases(): number } {
  let releases = 0;
  return {
    take: lock.take,
    async release() {
      await lock.release();
      releases += 1;
    },
    releases: () => releases,
  };
}

/** One waits for a number that the other has come to. */
function createTurn() {
  let reached = 0;
  let resolve = () => {};
  return {
    take(n: number) {
      reached = n;
      resolve();
    },
    async of(n: number): Promise<void> {
      while (reached < n) {
        await new Promise<void>((done) => {
          resolve = done;
        });
      }
    },
  };
}
