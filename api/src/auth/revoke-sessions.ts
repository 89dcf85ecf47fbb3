import { NotFoundError } from '../errors.ts';
import { actAs, actInSession } from './acting.ts';
import type { Viewer } from './authenticate.ts';
import { endSessions } from './end-sessions.ts';
import type { SessionDeps } from './session-deps.ts';

/**
 * Ends one session: the viewer's own, or anyone's for an ADMIN. Ending it again changes nothing.
 *
 * @param sessionId  a UUID.
 * @throws NotFoundError    no such session, or one of somebody else: the two cannot be told apart.
 * @throws SESSION_REVOKED  the viewer's own has ended.
 */
export async function revokeSession({ prisma }: SessionDeps, viewer: Viewer, sessionId: string): Promise<void> {
  await prisma.$transaction(async (tx) => {
    await actInSession(tx, viewer);
    // As of this moment: a socket may have been signed in by somebody who was an ADMIN then.
    const isAdmin = (await tx.user.count({ where: { id: viewer.userId, role: 'ADMIN' } })) > 0;
    const visible = isAdmin ? { id: sessionId } : { id: sessionId, userId: viewer.userId };
    const revoked = await tx.session.updateMany({
      where: { ...visible, revokedAt: null },
      data: { revokedAt: new Date() },
    });
    if (revoked.count === 0 && (await tx.session.count({ where: visible })) === 0) {
      throw new NotFoundError('There is no such session.');
    }
  });
}

/** Ends the viewer's own session. Ending it again changes nothing. */
export async function signOut({ prisma }: SessionDeps, viewer: Viewer): Promise<void> {
  await prisma.$transaction(async (tx) => {
    await actAs(tx, viewer);
    await tx.session.updateMany({ where: { id: viewer.sessionId, revokedAt: null }, data: { revokedAt: new Date() } });
  });
}

/**
 * Ends every live session of the viewer's but this one.
 *
 * @returns the ids of those that this call ended.
 * @throws SESSION_REVOKED  this one has ended.
 */
export function revokeOtherSessions({ prisma }: SessionDeps, viewer: Viewer): Promise<string[]> {
  return prisma.$transaction(async (tx) => {
    await actInSession(tx, viewer);
    return endSessions(tx, { userId: viewer.userId, keepSessionId: viewer.sessionId });
  });
}
