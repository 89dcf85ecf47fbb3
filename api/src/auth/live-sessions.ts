import type { Query } from '@sync-hub/prisma/query';

/** A session and whose it is. */
export interface SessionOfUser {
  readonly sessionId: string;
  readonly userId: string;
}

// Postgres's clock decides, so that all API processes agree. A session goes with its user.
const isLive = 'session.revoked_at IS NULL AND session.expires_at > now()';

/** Those of the sessions that are alive (there, not revoked, not expired), each with its user's id. */
export async function readLiveSessions(
  query: Query,
  sessionIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const sessions = await query<SessionOfUser>(
    `SELECT session.id AS "sessionId", session.user_id AS "userId"
       FROM sessions session WHERE session.id = ANY($1::uuid[]) AND ${isLive}`,
    sessionIds,
  );
  return new Map(sessions.map(({ sessionId, userId }) => [sessionId, userId]));
}

/**
 * `FROM … WHERE …` of a SELECT that gives one row if the session is alive and its user's, and none if not.
 *
 * @param parameter  gives a value a place among the statement's.
 */
export function fromLiveSession({ sessionId, userId }: SessionOfUser, parameter: (value: string) => string): string {
  return `FROM sessions session
    WHERE session.id = ${parameter(sessionId)}::uuid AND session.user_id = ${parameter(userId)}::uuid AND ${isLive}`;
}
