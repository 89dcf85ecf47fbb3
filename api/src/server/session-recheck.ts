import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import { readLiveSessions } from '../auth/live-sessions.ts';
import type { ErrorLog } from './coded-errors.ts';
import type { Sockets } from './sockets.ts';

interface Dependencies {
  readonly prisma: PrismaClient;
  readonly sockets: Sockets;
  /** Ends what a session follows, and closes its sockets. */
  readonly endSession: (sessionId: string) => void;
  readonly log: ErrorLog;
}

const everyMs = 1_000;

/**
 * Asks Postgres once a second, in one query, whether the sessions of all sockets still live. The log says so sooner; this
 * holds while the log is stalled, and for what a gap in it swallowed.
 */
export function startSessionRecheck({ prisma, sockets, endSession, log }: Dependencies): { close(): Promise<void> } {
  let running = Promise.resolve();
  let isRunning = false;

  async function recheck() {
    const sessionIds = sockets.sessionIds();
    if (sessionIds.length === 0) return;
    isRunning = true;
    try {
      const live = await readLiveSessions(prisma, sessionIds);
      for (const sessionId of sessionIds) if (!live.has(sessionId)) endSession(sessionId);
    } catch (error) {
      log.error({ err: error }, 'the sessions of sockets could not be checked');
    } finally {
      isRunning = false;
    }
  }
  const timer = setInterval(() => {
    if (!isRunning) running = recheck();
  }, everyMs).unref();

  return {
    close() {
      clearInterval(timer);
      return running;
    },
  };
}
