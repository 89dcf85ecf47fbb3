import type { LogTransaction, RowChange } from '../transaction.ts';

/** Of changes to one table. */
export function transactionOf(table: string, changes: readonly RowChange[]): LogTransaction {
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
