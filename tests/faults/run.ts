import { setImmediate } from 'node:timers/promises';
import { waitFor } from '@sync-hub/dev/wait-for';
import pg from 'pg';
import { falseAlarms } from './alarms.ts';
import { askText } from './ask.ts';
import { whoIsBehind } from './behind.ts';
import { allFaults } from './faults.ts';
import { compareTables } from './final-rows.ts';
import { type FaultyHub, type StreamKind, startFaultyHub, untilReady } from './hub.ts';
import { createJudge, type Violation } from './judge.ts';
import { type LogCopy, startLogCopy } from './log-copy.ts';
import { startNemesis } from './nemesis.ts';
import { createRandom, type Random } from './random.ts';
import { type Replayed, replay } from './replay.ts';
import { type Expiry, expireStream } from './retention.ts';
import { drawSetBack, setBack } from './set-back.ts';
import { drawViews, type Offered } from './views.ts';
import { startWatcher, type Watcher } from './watcher.ts';
import { makeWorld } from './world.ts';
import { startWriters } from './writers.ts';

export interface RunOptions {
  readonly seed: number;
  /** How long writers write and faults are injected. */
  readonly seconds: number;
  readonly stream: StreamKind;
  readonly brokers: 1 | 3;
  readonly watchers: number;
  /** The kinds of fault that are injected. */
  readonly nemesis: RegExp;
  /** So long after the last fault has healed every watcher holds the truth. */
  readonly catchUpSeconds: number;
  /** Of the compiled product. */
  readonly root: string;
  /** Takes the servers' data. */
  readonly folder: string;
  tell(line: string): void;
}

export interface RunResult {
  /** Broken promises of the log or of all; those of a watcher are in `violations`. */
  readonly problems: readonly string[];
  readonly violations: readonly Violation[];
  readonly watchers: readonly Watcher[];
  readonly replayed: Replayed;
  readonly copy: LogCopy;
  readonly faults: ReadonlyMap<string, number>;
  readonly writes: ReadonlyMap<string, number>;
  readonly diary: readonly string[];
  readonly caughtUpMs: number;
  /** What the product's processes logged last. */
  readonly logs: string;
}

/** Once all rows are right, events of `changes` are not long in coming. */
const QUIET_MS = 4_000;
/** The copy of the log is read in this process, which is busy. */
const COPY_MS = 20_000;

/** Clients under faults against the truth, once. Nothing of it is left running. */
export async function runFaults(options: RunOptions): Promise<RunResult> {
  const { root, folder, stream, brokers, tell } = options;
  tell('starting the servers');
  const hub = await startFaultyHub({ root, folder, stream, brokers });
  const pool = new pg.Pool({ connectionString: hub.postgres.url, max: 4, connectionTimeoutMillis: 3_000 });
  pool.on('error', () => {}); // it crashes on purpose
  const copy = startLogCopy({ databaseUrl: hub.postgres.url, brokers: hub.kafka?.direct ?? [], topic: hub.topic });
  try {
    return await trouble(options, hub, pool, copy);
  } finally {
    await copy.close();
    await pool.end();
    await hub.close();
  }
}

async function trouble(options: RunOptions, hub: FaultyHub, pool: pg.Pool, copy: LogCopy): Promise<RunResult> {
  const { seed, seconds, tell } = options;
  const random = createRandom(seed);
  const [url = ''] = hub.urls;
  const world = await makeWorld(url, pool);
  const offered = await readOffered(url);
  const views = drawViews(random.fork(), world, offered, options.watchers);
  const watchers = views.map((view) =>
    startWatcher({
      view,
      urls: hub.urls,
      hasAfter: offered.get(view.field)?.includes('after') === true,
      random: random.fork(),
      xmax: () => readXmax(pool),
    }),
  );
  const expiries: Expiry[] = [];
  try {
    tell(`${watchers.length} watchers; ${seconds} s of faults`);
    const startWriting = () =>
      startWriters({ world, databaseUrl: hub.postgres.url, urls: hub.urls, random: random.fork() });
    const writers = startWriting();
    const draw = random.fork();
    const faultsOf = () =>
      allFaults({ hub, watchers: () => watchers, random: draw }).filter(({ kind }) => options.nemesis.test(kind));
    const half = Math.round(seconds * 500);
    const longestMs = Math.min(20_000, half * 0.6);
    const before = startNemesis({ faults: faultsOf(), random: random.fork(), longestMs });
    await pause(half);
    await before.stop();
    // In the middle, with everything else healed: some are away while the stream forgets what they missed.
    await untilReady([hub.listener, ...hub.apis]);
    await waitFor(async () => (await whatCopyMisses(pool, copy)).length === 0, { what: 'the copy of the log' });
    const alarms = falseAlarms(hub.apis);
    expiries.push(await outlastRetention(hub, copy, watchers, random.fork()));
    const after = startNemesis({ faults: faultsOf(), random: random.fork(), longestMs });
    await pause(half);
    await after.stop();
    await writers.stop();
    tell('healed; catching up');
    const healedAt = Date.now();
    const end = await untilCaughtUp({
      pool,
      copy,
      watchers,
      expiries,
      healedAt,
      deadline: healedAt + options.catchUpSeconds * 1_000,
    });
    const [violations, problems] = [[...end.violations], [...end.problems, ...alarms]];
    const faults = new Map(before.counts);
    if (violations.length + problems.length === 0) {
      const kind = drawSetBack(random.fork(), options.nemesis);
      tell(`putting ${kind}`);
      const catchUpMs = options.catchUpSeconds * 1_000;
      violations.push(
        ...(await setBack({ kind, hub, pool, watchers, random: random.fork(), startWriting, catchUpMs })),
      );
      faults.set(kind, 1);
    }
    for (const [kind, count] of after.counts) faults.set(kind, (faults.get(kind) ?? 0) + count);
    faults.set('clients offline past retention', expiries.length);
    return {
      ...end,
      violations,
      problems,
      watchers,
      copy,
      faults,
      writes: writers.counts,
      diary: [...before.diary, '—', ...after.diary],
      logs: [hub.listener, ...hub.apis]
        .map((part) => `${part.name} (${part.ownEnds()} own ends)\n${part.log()}`)
        .join('\n'),
    };
  } finally {
    for (const watcher of watchers) watcher.close();
  }
}

async function outlastRetention(
  hub: FaultyHub,
  copy: LogCopy,
  watchers: readonly Watcher[],
  random: Random,
): Promise<Expiry> {
  for (const watcher of watchers) if (random.chance(0.3)) watcher.goOffline(8_000);
  await pause(1_500);
  return expireStream(hub, copy);
}

/**
 * Waits until every watcher holds the truth, and for what may come after it; then judges, once: judging takes this process for
 * seconds, with its proxies and its copy of the log.
 */
async function untilCaughtUp({
  pool,
  copy,
  watchers,
  expiries,
  healedAt,
  deadline,
}: {
  pool: pg.Pool;
  copy: LogCopy;
  watchers: readonly Watcher[];
  expiries: readonly Expiry[];
  healedAt: number;
  deadline: number;
}) {
  // What was told wrong stays wrong; only what was not told yet may still come.
  let rightSince: number | null = null;
  for (;;) {
    const isOver = Date.now() > deadline;
    try {
      const behind = await whoIsBehind(pool, watchers);
      if (behind.length > 0) rightSince = null;
      else rightSince ??= Date.now();
      if (isOver || (rightSince !== null && Date.now() - rightSince > QUIET_MS)) {
        const caughtUpMs = (rightSince ?? Date.now()) - healedAt;
        const missed = await untilCopied(pool, copy);
        const replayed = await replay([...copy.records]);
        const differences = await compareTables(pool, replayed.tables);
        const judge = createJudge(replayed, { records: copy.records, expiries });
        const violations = [...behind];
        for (const watcher of watchers) {
          violations.push(...judge.judge(watcher));
          await setImmediate(); // the proxies are in this process
        }
        const problems = [
          ...copy.problems,
          ...missed,
          ...replayed.problems,
          ...differences.slice(0, 5).map(({ what }) => `the log and the table differ: ${what}`),
        ];
        return { replayed, violations, problems, caughtUpMs };
      }
    } catch (error) {
      if (isOver) throw error;
    }
    await pause(1_000);
  }
}

/** What the copy still misses when it has had time to come by the last record. */
async function untilCopied(pool: pg.Pool, copy: LogCopy): Promise<string[]> {
  for (const until = Date.now() + COPY_MS; ; await pause(100)) {
    const missed = await whatCopyMisses(pool, copy);
    if (missed.length === 0 || Date.now() > until) return missed;
  }
}

/** A copy that stands still must not be taken for a product that tells too much. */
async function whatCopyMisses(pool: pg.Pool, { records }: LogCopy): Promise<string[]> {
  const { rows } = await pool.query<{ sent: string }>('SELECT max(sent_seq) AS sent FROM sync.batch');
  const [sent, seq] = [Number(rows[0]?.sent), records.at(-1)?.seq ?? 0];
  return seq >= sent ? [] : [`the copy of the log ends at ${seq}, the log at ${sent}`];
}

async function readOffered(url: string): Promise<Offered> {
  const query = '{ __type(name: "Subscription") { fields { name args { name } } } }';
  const data = await askText<{ __type: { fields: { name: string; args: { name: string }[] }[] } }>(url, null, query);
  return new Map(data.__type.fields.map(({ name, args }) => [name, args.map((arg) => arg.name)]));
}

async function readXmax(pool: pg.Pool): Promise<bigint | undefined> {
  try {
    const { rows } = await pool.query<{ xmax: string }>('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS xmax');
    return rows[0] === undefined ? undefined : BigInt(rows[0].xmax);
  } catch {
    return undefined; // Postgres is down, on purpose
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
