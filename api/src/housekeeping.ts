import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import { cleanUpSessions } from './auth/clean-up.ts';
import { forgetOldClaims } from './model/mutation-claim.ts';

interface Dependencies {
  readonly prisma: PrismaClient;
  readonly keepSessionDays: number;
  readonly log: { error(fields: object, message: string): void };
}

const everyMs = 3_600_000;

/** Once an hour, and at start: forgets what no promise needs any more. Every API process does it; they do no harm to each other. */
export function startHousekeeping({ prisma, keepSessionDays, log }: Dependencies): { close(): Promise<void> } {
  let running = Promise.resolve();
  const tick = () => {
    running = running.then(async () => {
      try {
        await cleanUpSessions(prisma, keepSessionDays);
        await forgetOldClaims(prisma);
      } catch (error) {
        log.error({ err: error }, 'housekeeping failed; it is tried again in an hour');
      }
    });
  };
  const timer = setInterval(tick, everyMs).unref();
  tick();
  return {
    close() {
      clearInterval(timer);
      return running;
    },
  };
}
