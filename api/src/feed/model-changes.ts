import type { Model } from '../model/model.ts';
import { rowFromRecord } from '../model/record-row.ts';
import type { Row } from '../model/row.ts';
import type { LogTransaction } from './transaction.ts';

/** A transaction's change of one row of a model. */
export interface ModelChange {
  readonly key: string;
  readonly before: Row | null;
  readonly after: Row | null;
}

/** Of the transaction that was looked at last: all who follow look at the same one in turn. */
let latest: { readonly transaction: LogTransaction; readonly byModel: Map<Model, readonly ModelChange[]> } | null =
  null;

/** The transaction's changes as rows of a model, made once for all who look at it now. */
export function modelChanges(transaction: LogTransaction, model: Model): readonly ModelChange[] {
  if (latest?.transaction !== transaction) latest = { transaction, byModel: new Map() };
  const { byModel } = latest;
  let changes = byModel.get(model);
  if (changes === undefined) {
    changes = (transaction.changes.get(model.table) ?? []).map(({ key, before, after }) => ({
      key,
      before: before === null ? null : rowFromRecord(model, before),
      after: after === null ? null : rowFromRecord(model, after),
    }));
    byModel.set(model, changes);
  }
  return changes;
}
