import type { Change, JsonRow } from '@sync-hub/stream/change-record';
import type { RowChange } from './transaction.ts';

/**
 * Folds the changes of one transaction into one change a row, along the chain in which each change's `before` is
 * another's `after`: the first `before` is the one that is no change's `after`, the last `after` the one that is no
 * change's `before`. Rows that were born and died in the transaction vanish.
 *
 * Neither the order of the records nor `version` would do: a trigger of the user's that writes its row again is captured
 * innermost first, and `version` starts anew when a key is made again.
 */
export function foldChanges(changes: readonly Change[]): RowChange[] {
  const byKey = new Map<string, Change[]>();
  for (const change of changes) {
    const links = byKey.get(change.key);
    if (links === undefined) byKey.set(change.key, [change]);
    else links.push(change);
  }
  const folded: RowChange[] = [];
  for (const [key, links] of byKey) {
    const change = foldChain(key, links);
    if (change !== null) folded.push(change);
  }
  return folded;
}

function foldChain(key: string, links: readonly Change[]): RowChange | null {
  const [first] = links;
  if (links.length === 1 && first !== undefined) return { key, before: first.before, after: first.after };
  const before = unmatched(
    links.map((link) => link.before),
    links.map((link) => link.after),
  );
  const after = unmatched(
    links.map((link) => link.after),
    links.map((link) => link.before),
  );
  // Every end met a beginning: the row is as it was, or never was.
  return before === undefined || after === undefined ? null : { key, before, after };
}

/** The one row among `rows` that has no equal in `others`, each equal used once. */
function unmatched(rows: readonly (JsonRow | null)[], others: readonly (JsonRow | null)[]): JsonRow | null | undefined {
  const free = new Map<string, number>();
  for (const other of others) {
    const text = JSON.stringify(other);
    free.set(text, (free.get(text) ?? 0) + 1);
  }
  return rows.find((row) => {
    const text = JSON.stringify(row);
    const count = free.get(text) ?? 0;
    free.set(text, count - 1);
    return count <= 0;
  });
}
