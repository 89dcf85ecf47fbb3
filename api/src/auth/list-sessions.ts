import type { Session } from '@sync-hub/prisma/generated/client';
import type { Viewer } from './authenticate.ts';
import type { SessionDeps } from './session-deps.ts';

/** The viewer's own sessions: live ones first, then those that ended, each newest first; at most 200. */
export async function listSessions({ prisma }: SessionDeps, { userId }: Viewer): Promise<Session[]> {
  const live = { userId, revokedAt: null, expiresAt: { gt: new Date() } };
  const ended = { userId, NOT: live };
  return [...(await newest(live)), ...(await newest(ended))];

  function newest(where: typeof live | typeof ended): Promise<Session[]> {
    return prisma.session.findMany({ where, orderBy: { createdAt: 'desc' }, take: 100 });
  }
}
