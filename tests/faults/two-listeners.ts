import pg from 'pg';
import type { Fault } from './faults.ts';
import type { FaultyHub } from './hub.ts';
import type { Part } from './product.ts';
import type { Link } from './proxy.ts';
import type { Random } from './random.ts';

/** How the one that leads ceases to, without knowing it at once; the first is what short runs come to. */
const WAYS = ['its statements come late', 'it freezes', 'its lock is forgotten', 'not at all'] as const;

/** In a row: each time the other one leads. */
const TIMES_LATE = 2;
const LATEST_MS = 4_000;

/**
 * Two at once, of which one leads. It may freeze, so that the other takes over and it wakes up deposed. Or the connection
 * that holds its lock is lost for the server alone: the other takes over at once, and both relay, until it has missed an
 * answer on that connection. Or, besides, its statements are held up until the other has gone on: in time, and unfenced, they
 * would keep the stream ahead of what the other has just read, which would begin again and again. In the end one of them is killed.
 */
export function twoListeners(hub: FaultyHub, random: Random): Fault {
  let second: Part | undefined;
  let times = 0;
  return {
    kind: 'two listeners',
    target: 'listener',
    async begin() {
      if (second === undefined) second = hub.startSecondListener();
      else second.start();
      const way = WAYS[times++ % WAYS.length];
      if (way === 'not at all') return;
      await bothAreUp(hub);
      if (way === 'it freezes') hub.listener.pause();
      else if (way === 'its lock is forgotten') await forgetLock(hub);
      else for (let turns = 0; turns < TIMES_LATE; turns++) await comeLate(hub);
      await pause(3_000);
    },
    async end() {
      hub.listener.resume();
      await pause(1_000);
      if (random.chance(0.5)) {
        await hub.listener.kill();
        await pause(2_500);
        hub.listener.start();
      }
      await second?.kill();
    },
  };
}

async function bothAreUp(hub: FaultyHub): Promise<void> {
  for (let times = 0; times < 20 && (await connectionsOf(hub, 'leadership')).length < 2; times++) await pause(250);
}

/** Nothing happens when nobody leads. */
async function forgetLock(hub: FaultyHub): Promise<void> {
  for (const { port } of (await connectionsOf(hub, 'leadership')).filter(({ leads }) => leads))
    for (const link of linksOf(hub)) link.forget(port);
}

/** The leader's statements are held up, its lock is forgotten, and they are let go when the other has fenced a batch. */
async function comeLate(hub: FaultyHub): Promise<void> {
  await bothAreUp(hub);
  const relays = await connectionsOf(hub, 'relay');
  const held = relays.flatMap(({ port }) => linksOf(hub).map((link) => link.hold(port)));
  try {
    await forgetLock(hub);
    await otherHasGoneOn(hub);
  } finally {
    for (const letGo of held) letGo?.();
  }
  await pause(1_000);
}

async function otherHasGoneOn(hub: FaultyHub): Promise<void> {
  let before: { session: string; batch: number } | undefined;
  for (const until = Date.now() + LATEST_MS; Date.now() < until; await pause(50)) {
    const [now] = await askPostgres<{ session: string; batch: number }>(
      hub,
      'SELECT session, (SELECT max(batch)::int FROM sync.batch) AS batch FROM sync.relay_session',
    );
    // What the leader had asked before may still be on its way through Postgres.
    if (now === undefined || before === undefined || now.session === before.session) before = now ?? before;
    else if (now.batch > before.batch) return;
  }
}

function linksOf(hub: FaultyHub): readonly Link[] {
  return hub.links.get('listener-postgres') ?? [];
}

/** Where Postgres sees the listeners' connections for a purpose come from. */
function connectionsOf(
  hub: FaultyHub,
  purpose: 'leadership' | 'relay',
): Promise<readonly { port: number; leads: boolean }[]> {
  return askPostgres(
    hub,
    `SELECT client_port AS port, EXISTS (SELECT FROM pg_locks AS l WHERE l.pid = a.pid AND locktype = 'advisory' AND granted) AS leads
     FROM pg_stat_activity AS a WHERE application_name LIKE '%listener: ${purpose}'`,
  );
}

/** No rows when it cannot be asked. */
async function askPostgres<Row extends pg.QueryResultRow>({ postgres }: FaultyHub, sql: string): Promise<Row[]> {
  const client = new pg.Client({
    connectionString: postgres.url,
    connectionTimeoutMillis: 2_000,
    query_timeout: 2_000,
  });
  client.on('error', () => {}); // it crashes on purpose
  try {
    await client.connect();
    return (await client.query<Row>(sql)).rows;
  } catch {
    return []; // Postgres is down, or paused: somebody else's fault
  } finally {
    void client.end().catch(() => {});
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
