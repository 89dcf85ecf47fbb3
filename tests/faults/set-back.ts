import type pg from 'pg';
import { whoIsBehind } from './behind.ts';
import { type FaultyHub, untilReady } from './hub.ts';
import type { Violation } from './judge.ts';
import type { Random } from './random.ts';
import type { Watcher } from './watcher.ts';
import type { Writers } from './writers.ts';

const KINDS = ['an older disk back, written on', 'an older disk back, left alone'] as const;
export type SetBackKind = (typeof KINDS)[number];

const WRITE_MS = 2_000;
/** Of clients whose numbers are not given once more. */
const AWAY_MS = 9_000;

/** Of those that `nemesis` names, if it names one. */
export function drawSetBack(random: Random, nemesis: RegExp): SetBackKind {
  const named = KINDS.filter((kind) => nemesis.test(kind));
  return random.pick(named.length > 0 ? named : KINDS);
}

/**
 * The last act: while clients are away an older copy of Postgres's disk is put back, and life goes on from there. What was
 * committed since is gone; with the Postgres stream the end of the log is gone too, and its numbers are given once more. Either
 * at once, by as many writes as were lost: clients come back with places that stand for something else by now. Nobody's rights
 * change meanwhile and each place ends a transaction, so that nothing but its tag tells that a place is of another history. Or
 * slowly, by heartbeats, after writes of all kinds: clients stand beyond the end of the log for long.
 *
 * @returns what is wrong after so long: each watch must hold its own SELECT again. Histories are not judged: the log has two.
 */
export async function setBack({
  kind,
  hub,
  pool,
  watchers,
  random,
  startWriting,
  catchUpMs,
}: {
  kind: SetBackKind;
  hub: FaultyHub;
  pool: pg.Pool;
  watchers: readonly Watcher[];
  random: Random;
  startWriting: () => Writers;
  catchUpMs: number;
}): Promise<Violation[]> {
  const parts = [hub.listener, ...hub.apis];
  const isWrittenOn = kind === 'an older disk back, written on';
  await hub.postgres.copyDisk();
  await untilReady(parts);
  if (isWrittenOn) {
    for (const until = Date.now() + WRITE_MS; Date.now() < until; ) await writeRow(pool, random);
  } else {
    const writers = startWriting();
    await pause(WRITE_MS);
    await writers.stop();
  }
  const comeBack = sendAway(watchers);
  const awayAt = Date.now();
  const lostEnd = await endOfLog(pool);
  await hub.postgres.putCopyBack();
  await untilReady(parts);
  if (isWrittenOn) await writePast(pool, random, { lostEnd, deadline: Date.now() + catchUpMs });
  else await pause(awayAt + AWAY_MS - Date.now());
  comeBack();

  const deadline = Date.now() + catchUpMs;
  for (;;) {
    const behind = await whoIsBehind(pool, watchers);
    if (behind.length === 0 || Date.now() > deadline)
      return behind.map((one) => ({ ...one, what: `${one.what}, since an older disk was put back` }));
    await pause(1_000);
  }
}

/** @returns lets them come back. */
function sendAway(watchers: readonly Watcher[]): () => void {
  let comeBack = () => {};
  const until = new Promise<void>((resolve) => {
    comeBack = resolve;
  });
  for (const watcher of watchers) watcher.stayAway(until);
  return comeBack;
}

/** A transaction of one record, in the log too; of rows of each kind that somebody watches. */
async function writeRow(pool: pg.Pool, random: Random): Promise<void> {
  const one = (table: string) =>
    `(SELECT id FROM ${table} ORDER BY md5(id::text || '${random.between(0, 1e9)}') LIMIT 1)`;
  const sql = random.pick([
    `UPDATE tasks SET priority = (priority + 1) % 5 WHERE position <> 'echo' AND id = ${one('tasks')}`,
    `INSERT INTO tasks (workspace_id, title) VALUES (${one('workspaces')}, 'Late')`,
    `UPDATE comments SET body = 'Late ' || version WHERE id = ${one('comments')}`,
    `UPDATE workspaces SET name = 'Late ' || version WHERE id = ${one('workspaces')}`,
    `UPDATE users SET name = 'Late ' || version WHERE id = ${one('users')}`,
  ]);
  await pool.query(sql);
}

/** Writes until the log goes on beyond what was lost; by `deadline` it is seen that nobody relays. */
async function writePast(
  pool: pg.Pool,
  random: Random,
  { lostEnd, deadline }: { lostEnd: number; deadline: number },
): Promise<void> {
  while (Date.now() < deadline && (await endOfLog(pool)) <= lostEnd) await writeRow(pool, random);
}

async function endOfLog(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ sent: string }>('SELECT max(sent_seq) AS sent FROM sync.batch');
  return Number(rows[0]?.sent);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(ms, 0)));
}
