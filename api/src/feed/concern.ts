import { anchorsOf } from './anchors.ts';
import type { Follow } from './follow-request.ts';
import { anchorKeys } from './group-index.ts';
import type { RecentFrames } from './recent-frames.ts';
import { changesRowsOnly } from './take-transaction.ts';
import type { LogTransaction } from './transaction.ts';

/** Changes of a table. What has more is looked at like anything that may concern somebody. */
const maxChanges = 1_000;

/**
 * Whether a transaction may concern who is behind: by the values that its `where` asks for, as in the index of those who are
 * live. Nobody has to be told of it, nor may it change what anybody may see, when it does not.
 *
 * What a transaction has of those values is found out once for all who ask by the same fields: of ten thousand who come in
 * at once, each would else look at the rows of every transaction that came meanwhile.
 */
export function createConcern(
  { views, sessionId }: Pick<Follow, 'views' | 'sessionId'>,
  recent: Pick<RecentFrames, 'keysIn'>,
): (transaction: LogTransaction) => boolean {
  const asked = views.map(({ model, where }) => ({ model, ...anchorKeys(anchorsOf(where)) }));

  return (transaction) => {
    // Its author hears of it also when it changes nothing that he sees.
    if (!changesRowsOnly(transaction) || transaction.actorSession === sessionId) return true;
    return asked.some(({ model, fields, keys }) => {
      const changes = transaction.changes.get(model.table);
      if (changes === undefined) return false;
      if (changes.length > maxChanges) return true;
      const there = recent.keysIn(transaction, model, fields);
      return keys.some((key) => there.has(key));
    });
  };
}
