import type { UserRole } from '@sync-hub/prisma/generated/client';
import type { Query } from '@sync-hub/prisma/query';

export interface LiveSession {
  readonly sessionId: string;
  readonly userId: string;
  readonly role: UserRole;
}

/**
 * Those of the sessions that are alive (there, not revoked, not expired), by id, each with its user's present role.
 *
 * Postgres's clock decides, so that all API processes agree.
 */
export async function readLiveSessions(
  query: Query,
  sessionIds: readonly string[],
): Promise<ReadonlyMap<string, LiveSession>> {
  const sessions = await query<LiveSession>(
    `SELECT session.id AS "sessionId", session.user_id AS "userId", "user".role::text AS role
       FROM sessions session JOIN users "user" ON "user".id = session.user_id
      WHERE session.id = ANY($1::uuid[]) AND session.revoked_at IS NULL AND session.expires_at > now()`,
    sessionIds,
  );
  return new Map(sessions.map((session) => [session.sessionId, session]));
}
