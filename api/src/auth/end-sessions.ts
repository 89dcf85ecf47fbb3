import type { Prisma } from '@sync-hub/prisma/generated/client';

/** Revokes every live session of a user but `keepSessionId`. @returns their ids. */
export async function endSessions(
  tx: Prisma.TransactionClient,
  { userId, keepSessionId }: { readonly userId: string; readonly keepSessionId?: string | undefined },
): Promise<string[]> {
  // Locked in the order of their ids, or two who end each other's sessions at once could wait for each other for ever.
  const live = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM sessions
     WHERE user_id = ${userId}::uuid AND id IS DISTINCT FROM ${keepSessionId ?? null}::uuid
       AND revoked_at IS NULL AND expires_at > now()
     ORDER BY id FOR NO KEY UPDATE`;
  const ids = live.map(({ id }) => id);
  if (ids.length > 0) await tx.session.updateMany({ where: { id: { in: ids } }, data: { revokedAt: new Date() } });
  return ids;
}
