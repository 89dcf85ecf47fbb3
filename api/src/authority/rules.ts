import type { Row } from '../model/row.ts';
import type { Authority, MemberRole } from './authority.ts';

/** A Prisma `where`, or one of the two that need no SQL. */
export type Where = { readonly [key: string]: unknown };
export const everything: Where = {};
export const nothing: Where = { id: { in: [] } };

/**
 * One rule, two interpreters: `allows` judges a row in hand (a frame's, a mutation's), `where` asks Postgres for the
 * rows it allows. A test holds them together for every policy.
 */
export interface Rule {
  allows(authority: Authority, row: Row): boolean;
  where(authority: Authority): Where;
  /** Tables, besides the row's own, whose changes may change what this rule says. */
  readonly dependsOn: readonly string[];
  /** Asks `sharesWorkspaceWith`: the members of the viewer's workspaces must be known, not only his memberships. */
  readonly readsPeers: boolean;
}

export const nobody: Rule = { allows: () => false, where: () => nothing, dependsOn: [], readsPeers: false };

export const signedIn: Rule = { allows: () => true, where: () => everything, dependsOn: [], readsPeers: false };

export const admin: Rule = {
  allows: (authority) => authority.isAdmin,
  where: (authority) => (authority.isAdmin ? everything : nothing),
  dependsOn: ['users'],
  readsPeers: false,
};

/** The row's `field` names the viewer. */
export function own(field: string): Rule {
  return {
    allows: (authority, row) => row[field] === authority.viewerId,
    where: (authority) => ({ [field]: authority.viewerId }),
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
    dependsOn: ['members'],
    readsPeers: false,
  };
}

/** The row is a user who is in a workspace with the viewer. */
export const sharesWorkspace: Rule = {
  allows: (authority, row) => typeof row['id'] === 'string' && authority.sharesWorkspaceWith(row['id']),
  where: (authority) => ({ members: { some: { workspaceId: { in: [...authority.memberships.keys()] } } } }),
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
    dependsOn: [...new Set(rules.flatMap((rule) => rule.dependsOn))],
    readsPeers: rules.some((rule) => rule.readsPeers),
  };
}
