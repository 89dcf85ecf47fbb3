import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@sync-hub/runtime/log';
import { createBackoff } from '@sync-hub/stream/backoff';
import type { Connect, Connection, Query } from './connection.ts';

export interface Leadership {
  /** Aborts when this process can no longer be sure to be the leader. */
  readonly lost: AbortSignal;
  /** On the connection that holds the leadership, for what must end with it. */
  readonly query: Query;
  /** Lets a standby take over at once. */
  resign(): Promise<void>;
}

interface Dependencies {
  readonly connect: Connect;
  readonly log: Log;
  readonly settings: {
    /** The server ends the leader's session, and with it the lock, after this long without a sign of life. */
    readonly leaseMs: number;
    /** Between two signs of life, and between two tries of a standby. */
    readonly pingMs: number;
  };
}

/** "sync", "relay" as numbers; advisory locks are per database. */
const LOCK = [0x73796e63, 0x72656c] as const;

/**
 * Decides which listener relays: the one whose own connection holds an advisory lock.
 *
 * A leader that crashes loses the lock at once; one that hangs, or is cut off, when `leaseMs` have passed
 * (`idle_session_timeout`). This keeps a second relay from working in vain; it is the fence of each batch, not the lock,
 * that keeps it from doing harm.
 */
export function createElection({ connect, log, settings: { leaseMs, pingMs } }: Dependencies) {
  /**
   * A standby asks again and again. A session that waits inside `pg_advisory_lock` would hold a snapshot all the while,
   * and keep every table of the database from being vacuumed.
   */
  async function tryToWin(connection: Connection, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const [row] = await connection.query<{ won: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS won', LOCK);
      if (row?.won) return true;
      await sleep(pingMs / 2, undefined, { signal }).catch(() => undefined);
    }
    return false;
  }

  function lead(connection: Connection): Leadership {
    const lost = new AbortController();
    const lose = (why: string) => lost.abort(new Error(`leadership was lost: ${why}`));
    let answeredAt = performance.now();
    let isAsking = false;

    connection.ended.addEventListener('abort', () => lose('its connection has ended'), { once: true });
    const pings = setInterval(() => {
      if (performance.now() - answeredAt > leaseMs) return lose(`no answer for ${leaseMs} ms`);
      if (isAsking) return;
      isAsking = true;
      const askedAt = performance.now();
      connection.query('SELECT').then(
        () => {
          answeredAt = askedAt;
          isAsking = false;
        },
        (error: Error) => lose(error.message),
      );
    }, pingMs);
    let ending: Promise<void> | undefined;
    lost.signal.addEventListener(
      'abort',
      () => {
        clearInterval(pings);
        ending = connection.end(); // At once: whoever waits for a query on it would wait for a server that is cut off.
      },
      { once: true },
    );

    return {
      lost: lost.signal,
      query: connection.query,
      async resign() {
        lose('it resigned');
        await ending;
      },
    };
  }

  return {
    /** Resolves once this process is the leader; with null when `signal` aborts before. Waits out a server that is away. */
    async win(signal: AbortSignal): Promise<Leadership | null> {
      const backoff = createBackoff({ minMs: pingMs / 2, maxMs: 5_000 });
      let hasComplained = false;
      while (!signal.aborted) {
        let connection: Connection | undefined;
        try {
          connection = await connect('leadership', { idle_session_timeout: String(leaseMs) });
          if (await tryToWin(connection, signal)) return lead(connection);
        } catch (error) {
          if (!hasComplained) log.warn({ err: error }, 'cannot stand for election; trying on');
          hasComplained = true;
        }
        await connection?.end();
        await backoff.wait(signal);
      }
      return null;
    },
  };
}
