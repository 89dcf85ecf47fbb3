import type { PrismaClient } from '@sync-hub/prisma/generated/client';

/** How many rows went. */
export interface CleanUp {
  readonly sessions: number;
  readonly refreshTokens: number;
}

/**
 * Deletes what nobody needs any more: sessions that ended (were revoked, or expired) more than `keepDays` ago, and
 * refresh tokens used more than `keepDays` ago. For every API process to call every hour; calls at the same time do no
 * harm, and one that was stopped halfway is finished by the next.
 *
 * A refresh token older than that is refused still, but no longer ends its session.
 *
 * @param keepDays  SESSION_TTL_DAYS: so a stolen token is found out for as long as a session may lie idle.
 */
export async function cleanUpSessions(prisma: PrismaClient, keepDays: number): Promise<CleanUp> {
  const refreshTokens = await prisma.$executeRaw`
    DELETE FROM refresh_tokens WHERE used_at < now() - make_interval(days => ${keepDays}::int)`;
  let sessions = 0;
  for (let deleted = sessionsAtOnce; deleted === sessionsAtOnce; sessions += deleted) {
    // Not all in one: every deleted session is a record in the log, and a transaction is one frame to whoever follows it.
    deleted = await prisma.$executeRaw`
      DELETE FROM sessions WHERE id IN (
        SELECT id FROM sessions WHERE least(revoked_at, expires_at) < now() - make_interval(days => ${keepDays}::int)
         LIMIT ${sessionsAtOnce} FOR UPDATE SKIP LOCKED)`;
  }
  return { sessions, refreshTokens };
}

const sessionsAtOnce = 100;
