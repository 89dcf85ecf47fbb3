import type { Viewer } from '../auth/authenticate.ts';
import type { Database } from '../model/transaction.ts';
import type { Authority } from './authority.ts';

/**
 * The viewer's authority as Postgres has it now. It does not know who else is in the viewer's workspaces: rows are read
 * through `Rule.where`, which asks Postgres.
 */
export async function loadAuthority(database: Database, { userId }: Pick<Viewer, 'userId'>): Promise<Authority> {
  const user = await database.user.findUnique({ where: { id: userId }, select: { role: true, members: true } });
  const memberships = new Map(
    (user?.members ?? []).map(({ id, version, workspaceId, role }) => [workspaceId, { memberId: id, version, role }]),
  );
  return {
    viewerId: userId,
    isAdmin: user?.role === 'ADMIN',
    memberships,
    sharesWorkspaceWith() {
      throw new Error('a request asks Postgres who shares a workspace');
    },
  };
}
