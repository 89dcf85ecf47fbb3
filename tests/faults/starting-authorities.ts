import type { AuthorityHistory, Membership } from './authority.ts';
import type { Transaction } from './replay.ts';
import type { Segment } from './segments.ts';
import type { View } from './views.ts';

interface Court {
  readonly view: View;
  readonly segment: Segment;
  readonly transactions: readonly Transaction[];
  readonly indexOf: ReadonlyMap<string, number>;
  readonly authority: AuthorityHistory;
}

/** What a viewer might see at the transaction of that index. */
export type AuthorityAt = (index: number) => Membership;

/** Keeps a run that lags for long from trying for hours. */
const MOST_TRIED = 1_024;

/**
 * The authorities that changes may go by: that of the log, but from the first on that of their start point S, which lies ahead of the log by
 * as much as that lags.
 *
 * S is no prefix of the log. It may have seen the later change of one workspace's members, and not the earlier one of another's, which was
 * still under way. So each workspace is tried as of each of its own changes. What S has seen was written when they opened, and has
 * come with the batch after that of the first transaction told at the latest: none of batch b + 3 is seen, none of b is told.
 */
export function* startingAuthorities(court: Court): Generator<AuthorityAt> {
  const { view, segment, transactions, indexOf, authority } = court;
  const first = Math.min(...segment.groups.map(({ xid }) => indexOf.get(xid) ?? Number.POSITIVE_INFINITY));
  const lastBatch = (transactions[first]?.batch ?? 0) + 1;
  const mayBeSeen = (index: number) => {
    const { at = 0, batch = 0 } = transactions[index] ?? {};
    return index > first && batch <= lastBatch && at <= segment.startedAt;
  };
  if (view.models.includes('User')) {
    // Who shares a workspace with whom: one place for all of it.
    for (const floor of [-1, ...authority.peers.filter(mayBeSeen)])
      yield (index) => authority.after(Math.max(index, floor));
    return;
  }
  const ahead = authority.own.filter(mayBeSeen);
  const floorsOf = new Map<string, number[]>();
  for (const index of ahead)
    for (const workspace of workspacesWhereChanged(transactions[index], view.viewer.id))
      floorsOf.set(workspace, [...(floorsOf.get(workspace) ?? [-1]), index]);
  let tried = 0;
  for (const floors of combinations([...floorsOf])) {
    if (tried++ === MOST_TRIED) return;
    const at = (workspace: string, index: number) => authority.after(Math.max(index, floors.get(workspace) ?? -1));
    yield (index) => ({
      ...authority.after(index),
      workspaces: { has: (workspace) => at(workspace, index).workspaces.has(workspace) },
    });
  }
}

function workspacesWhereChanged(transaction: Transaction | undefined, viewer: string): Set<string> {
  const rows = (transaction?.changes ?? []).flatMap(({ model, before, after }) =>
    model === 'Member' ? [before, after] : [],
  );
  return new Set(rows.flatMap((row) => (row?.['user_id'] === viewer ? [String(row['workspace_id'])] : [])));
}

/** One value for each key, in all ways. */
function* combinations<Key, Value>([first, ...others]: readonly (readonly [Key, readonly Value[]])[]): Generator<
  Map<Key, Value>
> {
  if (first === undefined) return yield new Map();
  const [key, values] = first;
  for (const rest of combinations(others)) for (const value of values) yield new Map([[key, value], ...rest]);
}
