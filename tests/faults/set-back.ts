import type pg from 'pg';
import { whoIsBehind } from './behind.ts';
import { type FaultyHub, untilReady } from './hub.ts';
import type { Violation } from './judge.ts';
import type { Random } from './random.ts';
import type { Watcher } from './watcher.ts';
import type { Writers } from './writers.ts';

const WRITE_MS = 2_000;
/** Longer than it takes to put the disk back, and to write on it: where clients then go on from may have been given to other records. */
const AWAY_MS = 9_000;

/**
 * The last act: while clients are away an older copy of Postgres's disk is put back, and life goes on from there. What was
 * committed since is gone; with the Postgres stream the end of the log is gone too, and its numbers are given once more: at once,
 * by as many writes as were lost, or slowly, by heartbeats.
 *
 * @returns what is wrong after so long: each watch must hold its own SELECT again. Histories are not judged: the log has two.
 */
export async function setBack({
  hub,
  pool,
  watchers,
  random,
  startWriting,
  catchUpMs,
}: {
  hub: FaultyHub;
  pool: pg.Pool;
  watchers: readonly Watcher[];
  random: Random;
  startWriting: () => Writers;
  catchUpMs: number;
}): Promise<Violation[]> {
  const parts = [hub.listener, ...hub.apis];
  const write = async () => {
    const writers = startWriting();
    await pause(WRITE_MS);
    await writers.stop();
  };
  // If not, the log does not come so far again for long: clients stand beyond its end.
  const isWrittenOn = random.chance(0.5);
  await hub.postgres.copyDisk();
  await untilReady(parts);
  await write();
  for (const watcher of watchers) watcher.goOffline(AWAY_MS);
  const backAt = Date.now() + AWAY_MS;
  await hub.postgres.putCopyBack();
  await untilReady(parts);
  if (isWrittenOn) await write();
  await pause(backAt - Date.now());

  const deadline = Date.now() + catchUpMs;
  for (;;) {
    const behind = await whoIsBehind(pool, watchers);
    if (behind.length === 0 || Date.now() > deadline)
      return behind.map((one) => ({ ...one, what: `${one.what}, since an older disk was put back` }));
    await pause(1_000);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(ms, 0)));
}
