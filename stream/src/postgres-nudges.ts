import pg from 'pg';
import { createBackoff } from './backoff.ts';
import type { StreamLog } from './stream-log.ts';

/**
 * Calls listeners when somebody has said NOTIFY on a channel, and whenever a notification may have been missed.
 *
 * A nudge means "look": it carries nothing, and none coming proves nothing. LISTEN has a connection of its own, which
 * comes back by itself; whoever relies on nudges must poll as well.
 */
export interface Nudges {
  /** @returns a function that ends the subscription. */
  subscribe(listener: () => void): () => void;
  close(): Promise<void>;
}

export function startNudges({
  databaseUrl,
  applicationName,
  channel,
  log,
}: {
  databaseUrl: string;
  /** Of its connection, in `pg_stat_activity`. */
  applicationName: string;
  channel: string;
  log: StreamLog;
}): Nudges {
  const listeners = new Set<() => void>();
  const closing = new AbortController();
  const backoff = createBackoff({ minMs: 100, maxMs: 5_000 });
  let hangUp = () => {};

  const nudge = () => {
    for (const listener of listeners) listener();
  };

  /** One connection, from its start to its end. */
  async function listen(): Promise<void> {
    const client = new pg.Client({
      connectionString: databaseUrl,
      application_name: applicationName,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    const ended = new Promise<void>((resolve) => {
      client.once('end', resolve);
      hangUp = resolve;
    });
    // An 'error' without a listener would end the process; 'end' follows it.
    client.on('error', (error) => log.debug({ err: error, channel }, 'the listening connection failed'));
    client.on('notification', nudge);
    try {
      await client.connect();
      await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
      backoff.reset();
      nudge(); // What was said before LISTEN was not heard.
      if (!closing.signal.aborted) await ended;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        await listen();
      } catch (error) {
        log.warn({ err: error, channel }, 'cannot listen for nudges; polling goes on alone until this succeeds');
      }
      if (!closing.signal.aborted) await backoff.wait(closing.signal);
    }
  }
  const running = run();

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closing.abort();
      hangUp();
      await running;
    },
  };
}
