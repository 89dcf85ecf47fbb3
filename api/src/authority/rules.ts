import type { Row } from '../model/row.ts';
import type { Authority, MemberRole } from './authority.ts';

/** A Prisma `where`, or one of the two that need no SQL. */
export type Where = { readonly [key: string]: unknown };
export const everything: Where = {};
export const nothing: Where = { id: { in: [] } };

/** How a statement calls what a rule judges by. */
export interface Names {
  /** The viewer's id, a uuid. */
  readonly viewerId: string;
  /** A field of the row. */
  column(field: string): string;
}

/**
 * One rule, three interpreters: `allows` judges a row in hand (a frame's, a mutation's), `where` asks Postgres for the
 * rows it allows, `condition` has a statement judge by the authority that it finds itself. A test holds them together for every
 * policy.
 */
export interface Rule {
  allows(authority: Authority, row: Row): boolean;
  where(authority: Authority): Where;
  /** A condition of SQL. Unknown, where a column is null, counts as no. */
  condition(names: Names): string;
  /** The row's fields that it looks at. What is written into any other does not change its verdict. */
  readonly reads: readonly string[];
  /** Tables, besides the row's own, whose changes may change what this rule says. */
  readonly dependsOn: readonly string[];
  /** Asks `sharesWorkspaceWith`: the members of the viewer's workspaces must be known, not only his memberships. */
  readonly readsPeers: boolean;
  /** Of {@link memberOf}: it allows only members of the workspace that this field names. */
  readonly membersOf?: { readonly scope: string; readonly inAnyRole: boolean };
}

const always = { reads: [], dependsOn: [], readsPeers: false };

export const nobody: Rule = { ...always, allows: () => false, where: () => nothing, condition: () => 'false' };

export const signedIn: Rule = { ...always, allows: () => true, where: () => everything, condition: () => 'true' };

export const admin: Rule = {
  allows: (authority) => authority.isAdmin,
  where: (authority) => (authority.isAdmin ? everything : nothing),
  condition: ({ viewerId }) => `EXISTS (SELECT FROM users WHERE id = ${viewerId} AND role = 'ADMIN')`,
  reads: [],
  dependsOn: ['users'],
  readsPeers: false,
};

/** The row's `field` names the viewer. */
export function own(field: string): Rule {
  return {
    allows: (authority, row) => row[field] === authority.viewerId,
    where: (authority) => ({ [field]: authority.viewerId }),
    condition: ({ viewerId, column }) => `${column(field)} = ${viewerId}`,
    reads: [field],
    dependsOn: [],
    readsPeers: false,
  };
}

/** The viewer is a member of the workspace that the row's `scope` field names, in one of `roles` when any is given. */
export function memberOf(scope: string, ...roles: readonly MemberRole[]): Rule {
  const counts = (role: MemberRole | undefined) => role !== undefined && (roles.length === 0 || roles.includes(role));
  return {
    allows(authority, row) {
      const workspaceId = row[scope];
      return typeof workspaceId === 'string' && counts(authority.memberships.get(workspaceId)?.role);
    },
    where(authority) {
      const workspaceIds = [...authority.memberships].filter(([, { role }]) => counts(role)).map(([id]) => id);
      return { [scope]: { in: workspaceIds } };
    },
    condition({ viewerId, column }) {
      const isMember = `workspace_id = ${column(scope)} AND user_id = ${viewerId}`;
      // Our own declarations, never input.
      const counts = roles.length === 0 ? '' : ` AND role IN ('${roles.join("', '")}')`;
      return `EXISTS (SELECT FROM members WHERE ${isMember}${counts} OFFSET 0)`;
    },
    reads: [scope],
    membersOf: { scope, inAnyRole: roles.length === 0 },
    dependsOn: ['members'],
    readsPeers: false,
  };
}

/** The row is a user who is in a workspace with the viewer. */
export const sharesWorkspace: Rule = {
  allows: (authority, row) => typeof row['id'] === 'string' && authority.sharesWorkspaceWith(row['id']),
  where: (authority) => ({ members: { some: { workspaceId: { in: [...authority.memberships.keys()] } } } }),
  condition: ({ viewerId, column }) => `EXISTS (SELECT FROM members mine JOIN members theirs USING (workspace_id)
    WHERE mine.user_id = ${viewerId} AND theirs.user_id = ${column('id')})`,
  reads: ['id'],
  dependsOn: ['members'],
  readsPeers: true,
};

export function anyOf(...rules: readonly Rule[]): Rule {
  return {
    allows: (authority, row) => rules.some((rule) => rule.allows(authority, row)),
    where(authority) {
      const wheres = rules.map((rule) => rule.where(authority)).filter((where) => where !== nothing);
      if (wheres.includes(everything)) return everything;
      return wheres.length === 0 ? nothing : { OR: wheres };
    },
    condition: (names) => `(${rules.map((rule) => rule.condition(names)).join(' OR ')})`,
    reads: [...new Set(rules.flatMap((rule) => rule.reads))],
    dependsOn: [...new Set(rules.flatMap((rule) => rule.dependsOn))],
    readsPeers: rules.some((rule) => rule.readsPeers),
  };
}
