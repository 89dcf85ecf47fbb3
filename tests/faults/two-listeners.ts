import pg from 'pg';
import type { Fault } from './faults.ts';
import type { FaultyHub } from './hub.ts';
import type { Part } from './product.ts';
import type { Random } from './random.ts';

/** How the one that leads ceases to, without knowing it at once. */
const WAYS = ['its lock is forgotten', 'it freezes', 'not at all'] as const;

/**
 * Two at once, of which one leads. It may freeze, so that the other takes over and it wakes up deposed. Or the connection
 * that holds its lock is lost for the server alone: the other takes over at once, and both relay, until it has missed an
 * answer on that connection. In the end one of them is killed.
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
      else await forgetLock(hub);
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
  for (let times = 0; times < 20 && (await leadershipPorts(hub)).length < 2; times++) await pause(250);
}

/** Nothing happens when nobody leads. */
async function forgetLock(hub: FaultyHub): Promise<void> {
  for (const { port } of (await leadershipPorts(hub)).filter(({ leads }) => leads))
    for (const link of hub.links.get('listener-postgres') ?? []) link.forget(port);
}

/** Where Postgres sees the connections come from over which listeners stand for election; none when it cannot be asked. */
async function leadershipPorts({ postgres }: FaultyHub): Promise<{ port: number; leads: boolean }[]> {
  const client = new pg.Client({
    connectionString: postgres.url,
    connectionTimeoutMillis: 2_000,
    query_timeout: 2_000,
  });
  client.on('error', () => {}); // it crashes on purpose
  try {
    await client.connect();
    const { rows } = await client.query<{ port: number; leads: boolean }>(
      `SELECT client_port AS port, EXISTS (SELECT FROM pg_locks AS l WHERE l.pid = a.pid AND locktype = 'advisory' AND granted) AS leads
       FROM pg_stat_activity AS a WHERE application_name LIKE '%listener: leadership'`,
    );
    return rows;
  } catch {
    return []; // Postgres is down, or paused: somebody else's fault
  } finally {
    void client.end().catch(() => {});
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
