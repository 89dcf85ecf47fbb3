import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@sync-hub/runtime/log';
import { measureBacklog } from './backlog.ts';
import type { Cleanup } from './cleanup.ts';
import { type Connect, type Connection, QUEUE_SETTINGS } from './connection.ts';
import type { Metrics } from './metrics.ts';

interface Dependencies {
  readonly connect: Connect;
  readonly cleanup: Cleanup;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly settings: { readonly everyMs: number };
}

/**
 * Cleans up and measures the backlog, again and again, beside the relay: over a connection of its own, so that neither
 * waits for the other. What fails is logged and tried again when it is due.
 */
export function startHousekeeping({ connect, cleanup, metrics, log, settings: { everyMs } }: Dependencies) {
  const closing = new AbortController();
  let connection: Connection | undefined;

  async function keepHouse() {
    while (!closing.signal.aborted) {
      try {
        if (connection === undefined || connection.ended.aborted)
          connection = await connect('housekeeping', QUEUE_SETTINGS);
        const backlog = await measureBacklog(connection.query);
        metrics.backlogRows.set(backlog.rows);
        metrics.lagSeconds.set(backlog.lagSeconds);
        await cleanup.run(connection.query);
      } catch (error) {
        if (!closing.signal.aborted) log.warn({ err: error }, 'housekeeping failed; it is tried again');
      }
      await sleep(everyMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
    await connection?.end();
  }
  const keeping = keepHouse();

  return {
    async close() {
      closing.abort();
      await connection?.end(); // Whatever step is under way: the next housekeeper takes it up.
      await keeping;
    },
  };
}
