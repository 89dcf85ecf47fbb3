import type { Authority, AuthorityHistory } from './authority.ts';
import type { Transaction } from './replay.ts';
import type { View } from './views.ts';

/** Transactions [from, to) between which nothing changes what a watch may see but the rows themselves. */
export interface Era {
  readonly from: number;
  readonly to: number;
}

/** The eras of a view, in order. A TRUNCATE of one of its tables ends one, too: its rows go without a change each. */
export function erasOf(view: View, history: AuthorityHistory, transactions: readonly Transaction[]): Era[] {
  const truncations = transactions.filter(({ truncated }) => truncated.some((model) => view.models.includes(model)));
  const isTruncation = new Set(truncations.map(({ index }) => index));
  const starts = new Set([...(view.models.includes('User') ? history.peers : history.own), ...isTruncation]);
  const eras: Era[] = [];
  let from = -1;
  let key = keyOf(view, history.after(-1));
  for (const index of [...starts].sort((one, other) => one - other)) {
    const next = keyOf(view, history.after(index));
    if (next === key && !isTruncation.has(index)) continue;
    eras.push({ from, to: index });
    [from, key] = [index, next];
  }
  return [...eras, { from, to: Number.POSITIVE_INFINITY }];
}

/** Two authorities with the same key show the same rows in this view. */
function keyOf({ models, filter }: View, { workspaces, people, isAdmin }: Authority): string {
  if (models.includes('User')) return isAdmin ? 'everybody' : [...people].sort().join();
  if (filter?.workspace !== undefined) return String(workspaces.has(filter.workspace));
  return [...workspaces].sort().join();
}
