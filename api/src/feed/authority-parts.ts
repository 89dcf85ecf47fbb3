import type { AuthoritySnapshot } from '../authority/snapshot-sql.ts';
import type { StartRequest } from './start-point.ts';

/**
 * What each of those who asked together is to know: its own memberships, and when it needs them its workspaces' members; of
 * sessions whether its own lives.
 */
export function divideAuthority({ members, adminIds, liveSessionIds }: AuthoritySnapshot) {
  const byUser = groupBy(members, (row) => row.user_id);
  const byWorkspace = groupBy(members, (row) => row.workspace_id);
  const living = new Set(liveSessionIds);
  return ({ viewerId, sessionId, needsPeers }: StartRequest): AuthoritySnapshot => {
    const own = byUser.get(viewerId) ?? [];
    const known = needsPeers ? own.flatMap(({ workspace_id }) => byWorkspace.get(workspace_id) ?? []) : own;
    return { members: known, adminIds, liveSessionIds: living.has(sessionId) ? [sessionId] : [] };
  };
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
