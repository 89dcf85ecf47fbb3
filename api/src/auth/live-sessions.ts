import type { Prisma, UserRole } from '@sync-hub/prisma/generated/client';

export interface LiveSession {
  readonly sessionId: string;
  readonly userId: string;
  readonly role: UserRole;
}

/**
 * Those of the sessions that are alive (there, not revoked, not expired), by id, each with its user's present role.
 *
 * One query for any number of sessions: it answers a request's one and the recheck of everyone who is connected.
 * Postgres's clock decides, so that all API processes agree.
 */
export async function readLiveSessions(
  prisma: Prisma.TransactionClient,
  sessionIds: readonly string[],
): Promise<ReadonlyMap<string, LiveSession>> {
  const sessions = await prisma.$queryRaw<LiveSession[]>`
    SELECT session.id AS "sessionId", session.user_id AS "userId", "user".role::text AS role
      FROM sessions session JOIN users "user" ON "user".id = session.user_id
     WHERE session.id = ANY(${sessionIds}::uuid[]) AND session.revoked_at IS NULL AND session.expires_at > now()`;
  return new Map(sessions.map((session) => [session.sessionId, session]));
}
