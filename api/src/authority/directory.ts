import type { JsonRow } from '@sync-hub/stream/change-record';
import type { LogTransaction } from '../feed/transaction.ts';
import { fingerprint } from '../fingerprint.ts';
import type { Authority, Membership } from './authority.ts';
import { type MemberRow, memberRow } from './member-row.ts';

/** What a directory starts from: every row that it is to know, as of one snapshot. */
export interface DirectoryContents {
  readonly members: readonly MemberRow[];
  readonly adminIds: readonly string[];
}

/**
 * Who is what, as of one position of the log: the memberships of workspaces, and who is ADMIN.
 *
 * Each API process keeps one of everybody, which moves with the log, transaction by transaction; a subscription that
 * has just begun keeps a small one of its own, as of its own snapshot, until the log has passed that snapshot.
 */
export interface Directory {
  /** Moves on by one transaction; by what it did to certain workspaces only, when `onlyIn` says which. */
  apply(transaction: LogTransaction, onlyIn?: ReadonlySet<string>): void;
  /** Takes over members that it did not know, as they are at its own position. */
  adopt(members: readonly MemberRow[]): void;
  /** A live view: it says what the directory knows when it is asked. */
  authorityOf(viewerId: string): Authority;
  /** Every member of the workspace, as they were before the transactions in `undoing`, the last that were applied. */
  membersOf(workspaceId: string, undoing?: readonly LogTransaction[]): readonly MemberRow[];
  /** A hash of all that the policies know of the viewer; of the other members of its workspaces too, `withPeers`. */
  fingerprintOf(viewerId: string, withPeers: boolean): string;
}

const noMemberships: ReadonlyMap<string, Membership> = new Map();

export function createDirectory(contents: DirectoryContents): Directory {
  const admins = new Set(contents.adminIds);
  const byWorkspace = new Map<string, Map<string, MemberRow>>();
  const byUser = new Map<string, Map<string, Membership>>();
  /** Of all members of a workspace, once somebody has asked, until one of them changes. */
  const hashes = new Map<string, string>();

  function put(row: MemberRow) {
    hashes.delete(row.workspace_id);
    entry(byWorkspace, row.workspace_id).set(row.user_id, row);
    entry(byUser, row.user_id).set(row.workspace_id, { memberId: row.id, version: row.version, role: row.role });
  }
  function remove(row: MemberRow) {
    hashes.delete(row.workspace_id);
    drop(byWorkspace, row.workspace_id, row.user_id);
    drop(byUser, row.user_id, row.workspace_id);
  }
  for (const row of contents.members) put(row);

  /** The same wherever and in whatever order the members came to be known. */
  function hashOfMembers(workspaceId: string): string {
    let hash = hashes.get(workspaceId);
    if (hash === undefined) {
      const rows = [...(byWorkspace.get(workspaceId)?.values() ?? [])];
      hash = fingerprint(rows.map(textOf).sort().join());
      hashes.set(workspaceId, hash);
    }
    return hash;
  }

  return {
    apply(transaction, onlyIn) {
      const members = transaction.changes.get('members') ?? [];
      const counts = (row: JsonRow | null): row is JsonRow =>
        row !== null && (onlyIn === undefined || onlyIn.has(memberRow(row).workspace_id));
      // All that go, then all that come: one transaction may replace a membership by another of the same person.
      for (const { before } of members) if (counts(before)) remove(memberRow(before));
      for (const { after } of members) if (counts(after)) put(memberRow(after));
      if (onlyIn !== undefined) return;
      for (const { key, after } of transaction.changes.get('users') ?? []) {
        if (after?.['role'] === 'ADMIN') admins.add(key);
        else admins.delete(key);
      }
    },
    adopt(members) {
      for (const row of members) put(row);
    },
    authorityOf: (viewerId) => ({
      viewerId,
      get isAdmin() {
        return admins.has(viewerId);
      },
      get memberships() {
        return byUser.get(viewerId) ?? noMemberships;
      },
      sharesWorkspaceWith(userId) {
        const theirs = byUser.get(userId);
        if (theirs === undefined) return false;
        for (const workspaceId of (byUser.get(viewerId) ?? noMemberships).keys())
          if (theirs.has(workspaceId)) return true;
        return false;
      },
    }),
    membersOf(workspaceId, undoing = []) {
      const members = new Map(byWorkspace.get(workspaceId));
      const isHere = (row: JsonRow | null): row is JsonRow => row !== null && row['workspace_id'] === workspaceId;
      for (const transaction of [...undoing].reverse()) {
        const changes = transaction.changes.get('members') ?? [];
        for (const { after } of changes) if (isHere(after)) members.delete(memberRow(after).user_id);
        for (const { before } of changes) if (isHere(before)) members.set(memberRow(before).user_id, memberRow(before));
      }
      return [...members.values()];
    },
    fingerprintOf(viewerId, withPeers) {
      const parts: string[] = [];
      for (const workspaceId of (byUser.get(viewerId) ?? noMemberships).keys()) {
        const own = byWorkspace.get(workspaceId)?.get(viewerId);
        if (own !== undefined) parts.push(textOf(own));
        if (withPeers) parts.push(hashOfMembers(workspaceId));
      }
      return fingerprint(`${admins.has(viewerId)}|${parts.sort().join()}`);
    },
  };
}

/** Not its id and version alone: a row may be deleted and made again with its old id, as of another workspace, user or role. */
function textOf({ id, version, workspace_id, user_id, role }: MemberRow): string {
  return `${id}:${version}:${workspace_id}:${user_id}:${role}`;
}

/** Tables of which the directory must miss nothing. */
export const directoryTables: readonly string[] = ['members', 'users', 'sessions'];

/** Ids of the sessions that this transaction ended: revoked, or gone with their user. */
export function endedSessions(transaction: LogTransaction): string[] {
  const changes = transaction.changes.get('sessions') ?? [];
  return changes.filter(({ after }) => after === null || after['revoked_at'] !== null).map(({ key }) => key);
}

function entry<Value>(maps: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  let map = maps.get(key);
  if (map === undefined) {
    map = new Map();
    maps.set(key, map);
  }
  return map;
}

function drop<Value>(maps: Map<string, Map<string, Value>>, outer: string, inner: string) {
  const map = maps.get(outer);
  map?.delete(inner);
  if (map?.size === 0) maps.delete(outer);
}
