import type { Transaction } from './replay.ts';
import type { ModelName, Row } from './rows.ts';

/** By the table of who may see what. */
export interface Membership {
  readonly workspaces: Pick<ReadonlySet<string>, 'has'>;
  readonly people: Pick<ReadonlySet<string>, 'has'>;
  readonly isAdmin: boolean;
}

/** What a viewer might see after some transaction of the log. */
export interface Authority extends Membership {
  readonly workspaces: ReadonlySet<string>;
  /** Those who share a workspace, and the viewer. */
  readonly people: ReadonlySet<string>;
  readonly isAdmin: boolean;
}

/** A viewer's authority over the whole log. */
export interface AuthorityHistory {
  /** After the transaction of that index; -1: before all. */
  after(index: number): Authority;
  /** Transactions that changed one of his own memberships or his role. */
  readonly own: readonly number[];
  /** Those that besides changed who is in his workspaces. */
  readonly peers: readonly number[];
}

const nobody: Authority = { workspaces: new Set(), people: new Set(), isAdmin: false };

/** Follows the log for one viewer. */
export function readAuthority(viewer: string, transactions: readonly Transaction[]): AuthorityHistory {
  const members = new Map<string, Row>();
  let isAdmin = false;
  const steps: { from: number; authority: Authority }[] = [];
  const own: number[] = [];
  const peers: number[] = [];
  for (const { index, changes } of transactions) {
    const touched = changes.filter(({ model }) => model === 'Member');
    const me = changes.find(({ model, key }) => model === 'User' && key === viewer);
    if (touched.length === 0 && me === undefined) continue;
    const mineBefore = workspacesOf(viewer, members);
    for (const { key, after } of touched) {
      if (after === null) members.delete(key);
      else members.set(key, after);
    }
    if (me !== undefined) isAdmin = me.after?.['role'] === 'ADMIN';
    const workspaces = workspacesOf(viewer, members);
    const isOwn =
      touched.some(({ before, after }) => [before, after].some((row) => row?.['user_id'] === viewer)) ||
      (me !== undefined && me.before?.['role'] !== me.after?.['role']);
    const isPeers = touched.some(({ before, after }) =>
      [before, after].some((row) => {
        const workspace = String(row?.['workspace_id']);
        return mineBefore.has(workspace) || workspaces.has(workspace);
      }),
    );
    if (isOwn) own.push(index);
    if (isOwn || isPeers) peers.push(index);
    if (isOwn || isPeers)
      steps.push({ from: index, authority: { workspaces, people: peopleOf(viewer, workspaces, members), isAdmin } });
  }
  return {
    own,
    peers,
    after: (index) => steps.findLast(({ from }) => from <= index)?.authority ?? nobody,
  };
}

/** Whether somebody with that authority may see the row. */
export function maySee(authority: Membership, model: ModelName, row: Row): boolean {
  if (model === 'User') return authority.isAdmin || authority.people.has(String(row['id']));
  const workspace = model === 'Workspace' ? row['id'] : row['workspace_id'];
  return authority.workspaces.has(String(workspace));
}

function workspacesOf(viewer: string, members: ReadonlyMap<string, Row>): Set<string> {
  const mine = [...members.values()].filter((row) => row['user_id'] === viewer);
  return new Set(mine.map((row) => String(row['workspace_id'])));
}

function peopleOf(viewer: string, workspaces: ReadonlySet<string>, members: ReadonlyMap<string, Row>): Set<string> {
  const shared = [...members.values()].filter((row) => workspaces.has(String(row['workspace_id'])));
  return new Set([viewer, ...shared.map((row) => String(row['user_id']))]);
}
