import type { Prisma } from '@sync-hub/prisma/generated/client';

/**
 * Row locks of the session service. Whoever takes several takes them in this order: user, sessions by id.
 *
 * Read what a lock protects in a statement after it: under READ COMMITTED that sees what was committed while it waited,
 * whereas the locking statement itself sees it of the locked row only.
 */
export const afterLocks = { isolationLevel: 'ReadCommitted' } as const;

/** Holds off every other sign-in and change of password of this user. False when there is no such user. */
export async function lockUser(tx: Prisma.TransactionClient, userId: string): Promise<boolean> {
  // Not FOR UPDATE: that would hold off every insert of a row that refers to the user, too.
  const rows = await tx.$queryRaw<unknown[]>`SELECT 1 FROM users WHERE id = ${userId}::uuid FOR NO KEY UPDATE`;
  return rows.length === 1;
}

export interface LockedSession {
  readonly id: string;
  readonly userId: string;
  /** Not revoked, not expired. */
  readonly live: boolean;
}

/** Holds off every exchange of a token of any of this user's live sessions, and their ends. @returns their ids. */
export async function lockLiveSessions(tx: Prisma.TransactionClient, userId: string): Promise<string[]> {
  const live = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM sessions WHERE user_id = ${userId}::uuid AND revoked_at IS NULL AND expires_at > now()
     ORDER BY id FOR NO KEY UPDATE`;
  return live.map(({ id }) => id);
}

/** Holds off every other exchange of a token of this session, and its end. Null when no session has this token. */
export async function lockSessionOfToken(
  tx: Prisma.TransactionClient,
  tokenHash: Uint8Array,
): Promise<LockedSession | null> {
  const [session] = await tx.$queryRaw<LockedSession[]>`
    SELECT id, user_id AS "userId", revoked_at IS NULL AND expires_at > now() AS live
      FROM sessions
     WHERE id = (SELECT session_id FROM refresh_tokens WHERE hash = ${tokenHash})
       FOR NO KEY UPDATE`;
  return session ?? null;
}
