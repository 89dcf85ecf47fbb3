import type { Query } from '@sync-hub/prisma/query';
import type { Viewer } from '../auth/authenticate.ts';
import type { Authority, MemberRole } from './authority.ts';

/** What {@link viewerColumns} give. */
export interface ViewerColumns {
  readonly viewerRole: string | null;
  readonly viewerMembers: readonly {
    readonly id: string;
    readonly version: number;
    readonly workspaceId: string;
    readonly role: MemberRole;
  }[];
}

/** The viewer's authority as columns, to be read in one statement with what it is to judge. Takes `viewer.id`, a uuid. */
export const viewerColumns = `
  (SELECT role::text FROM users WHERE id = viewer.id) AS "viewerRole",
  (SELECT coalesce(json_agg(json_build_object(
     'id', m.id, 'version', m.version, 'workspaceId', m.workspace_id, 'role', m.role)), '[]')
   FROM members m WHERE m.user_id = viewer.id) AS "viewerMembers"`;

/**
 * The viewer's authority as Postgres has it now. It does not know who else is in the viewer's workspaces: rows are read
 * through `Rule.where`, which asks Postgres.
 */
export async function loadAuthority(query: Query, { userId }: Pick<Viewer, 'userId'>): Promise<Authority> {
  const [columns] = await query<ViewerColumns>(`SELECT ${viewerColumns} FROM (SELECT $1::uuid AS id) viewer`, userId);
  if (columns === undefined) throw new Error('a SELECT of one row has given none');
  return authorityFrom(userId, columns);
}

export function authorityFrom(viewerId: string, { viewerRole, viewerMembers }: ViewerColumns): Authority {
  const memberships = new Map(
    viewerMembers.map(({ id, version, workspaceId, role }) => [workspaceId, { memberId: id, version, role }]),
  );
  return {
    viewerId,
    isAdmin: viewerRole === 'ADMIN',
    memberships,
    sharesWorkspaceWith() {
      throw new Error('a request asks Postgres who shares a workspace');
    },
  };
}
