import type { Prisma } from '@sync-hub/prisma/generated/client';
import { endSessions } from './end-sessions.ts';
import { lockUser } from './locks.ts';

export interface NewPassword {
  readonly userId: string;
  /** Made by `hashPassword`, before the transaction: it takes too long to hold a connection meanwhile. */
  readonly passwordHash: string;
  /** A session that stays: its user's, who changes the password there. */
  readonly keepSessionId?: string;
}

/**
 * Sets a user's password, the first or another, within the caller's transaction, which has named its author.
 *
 * Whatever the old password opened ends with it: every session but the kept one is revoked, and no refresh token issued
 * so far is good any more, the kept session's neither (a thief may hold it): store a new one for it. A sign-in that has
 * just checked the old password either is ended here too, or finds it changed and fails; so does a refresh under way.
 *
 * @throws SESSION_REVOKED  the session to be kept has ended.
 */
export async function setPassword(
  tx: Prisma.TransactionClient,
  { userId, passwordHash, keepSessionId }: NewPassword,
): Promise<void> {
  await lockUser(tx, userId);
  await tx.userSecret.upsert({ where: { userId }, create: { userId, passwordHash }, update: { passwordHash } });
  await endSessions(tx, { userId, keepSessionId });
  // A statement after those locks: it sees the tokens that were issued while they were waited for.
  await tx.refreshToken.deleteMany({ where: { session: { userId } } });
}
