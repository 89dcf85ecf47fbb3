import type { LogTransaction } from '../feed/transaction.ts';
import { memberRow } from './member-row.ts';

/** What a transaction does to what viewers may see. */
export interface AuthorityChanges {
  /** Those whose own memberships or role it changes. */
  readonly viewers: ReadonlySet<string>;
  /** Those that it makes an ADMIN, or one no more. */
  readonly withNewRole: ReadonlySet<string>;
  /** The workspaces in which it changes who is a member, or as what. */
  readonly workspaces: ReadonlySet<string>;
  /** Those in which it changes the viewer's own membership. */
  workspacesOf(viewerId: string): ReadonlySet<string>;
  /** Those that the viewer is a member of after it, if it says so. */
  joinedBy(viewerId: string): ReadonlySet<string>;
}

const looked = new WeakMap<LogTransaction, AuthorityChanges>();
const none: ReadonlySet<string> = new Set();

/** Looked for once: a transaction may change ten thousand memberships, and each of ten thousand followers asks for its own. */
export function authorityChangesOf(transaction: LogTransaction): AuthorityChanges {
  const known = looked.get(transaction);
  if (known !== undefined) return known;
  const changes = lookFor(transaction);
  looked.set(transaction, changes);
  return changes;
}

function lookFor(transaction: LogTransaction): AuthorityChanges {
  const workspaces = new Set<string>();
  const workspacesOf = new Map<string, Set<string>>();
  const joinedBy = new Map<string, Set<string>>();
  for (const { before, after } of transaction.changes.get('members') ?? []) {
    for (const row of [before, after]) {
      if (row === null) continue;
      const { workspace_id, user_id } = memberRow(row);
      workspaces.add(workspace_id);
      addTo(workspacesOf, user_id, workspace_id);
      if (row === after) addTo(joinedBy, user_id, workspace_id);
    }
  }
  const users = transaction.changes.get('users') ?? [];
  const withNewRole = new Set(
    users.filter(({ before, after }) => before?.['role'] !== after?.['role']).map(({ key }) => key),
  );
  return {
    viewers: new Set([...workspacesOf.keys(), ...withNewRole]),
    withNewRole,
    workspaces,
    workspacesOf: (viewerId) => workspacesOf.get(viewerId) ?? none,
    joinedBy: (viewerId) => joinedBy.get(viewerId) ?? none,
  };
}

function addTo(sets: Map<string, Set<string>>, key: string, value: string) {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}
