import type { Prisma } from '@sync-hub/prisma/generated/client';
import { lockLiveSessions } from './locks.ts';
import { sessionRevoked } from './session-proof.ts';

/**
 * Revokes every live session of a user but `keepSessionId`, which is locked as well.
 *
 * @returns the ids of those that were revoked.
 * @throws SESSION_REVOKED  the one to be kept has ended.
 */
export async function endSessions(
  tx: Prisma.TransactionClient,
  { userId, keepSessionId }: { readonly userId: string; readonly keepSessionId?: string | undefined },
): Promise<string[]> {
  const live = await lockLiveSessions(tx, userId);
  if (keepSessionId !== undefined && !live.includes(keepSessionId)) throw sessionRevoked();
  const ids = live.filter((id) => id !== keepSessionId);
  if (ids.length > 0) await tx.session.updateMany({ where: { id: { in: ids } }, data: { revokedAt: new Date() } });
  return ids;
}
