/** What a viewer is in one workspace. */
export interface Membership {
  readonly memberId: string;
  readonly version: number;
  readonly role: MemberRole;
}
export type MemberRole = 'OWNER' | 'EDITOR' | 'VIEWER';

/**
 * What the policies know of a viewer, at one moment: when a request was answered, or at one position of the log.
 * The subscription's authority moves with the log; a request's is read from Postgres.
 */
export interface Authority {
  readonly viewerId: string;
  readonly isAdmin: boolean;
  /** By workspace id. */
  readonly memberships: ReadonlyMap<string, Membership>;
  sharesWorkspaceWith(userId: string): boolean;
}

/** Of a view that moves with the log: the role and memberships as they are now, to stay so. Who shares a workspace is asked anew. */
export function asOfNow({ viewerId, isAdmin, memberships, ...live }: Authority): Authority {
  return { ...live, viewerId, isAdmin, memberships: new Map(memberships) };
}
