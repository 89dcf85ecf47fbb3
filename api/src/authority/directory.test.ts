import { expect, test } from '@jest/globals';
import type { JsonRow } from '@sync-hub/stream/change-record';
import { renamed } from '../feed/testing/start-feed.ts';
import type { LogTransaction, RowChange } from '../feed/transaction.ts';
import { affectedViewers } from './directory.ts';

function transactionOf(table: string, changes: readonly RowChange[]): LogTransaction {
  return {
    position: { epoch: 1, epochId: 'e', seq: 1, tag: 't' },
    batch: 1,
    incarnation: 'i',
    xid: 1n,
    at: new Date(0),
    actor: null,
    actorSession: null,
    mutationId: null,
    changes: new Map([[table, changes]]),
    tables: new Set([table]),
    unknowable: new Map(),
    bytes: 0,
  };
}

test('whose role a transaction changes is found by one look at each user that it changes', () => {
  let looks = 0;
  const changeOf = (key: string, after: JsonRow): RowChange => ({
    get key() {
      looks += 1;
      return key;
    },
    before: renamed(key).before,
    after,
  });
  const users = Array.from({ length: 50 }, (_, n) => changeOf(`u${n}`, renamed(`u${n}`).after));
  const promoted = changeOf('ada', { ...renamed('ada').after, role: 'ADMIN' });
  expect(affectedViewers(transactionOf('users', [...users, promoted]))).toEqual(new Set(['ada']));
  expect(looks).toBeLessThanOrEqual(51);
});
