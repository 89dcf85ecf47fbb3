import type { Authority } from '../authority/authority.ts';
import type { Where } from '../authority/rules.ts';
import { hiddenFields, type Model, readableRow } from '../model/model.ts';
import { type Row, sameValue, textOf } from '../model/row.ts';
import type { ChangeOperation, FrameChange } from './frame.ts';
import { type ModelChange, modelChanges } from './model-changes.ts';
import type { LogTransaction } from './transaction.ts';

/** A subscription's view of a model: what its policy lets the viewer see, and its `where` asks for. */
export interface View {
  readonly model: Model;
  /** The two interpreters of `where`: of a row in hand, and for Postgres. They agree. */
  matches(row: Row): boolean;
  readonly where: Where;
  readonly operations: ReadonlySet<ChangeOperation>;
}

/**
 * Looks at a transaction through views, in two halves: what its rows were, at once, under the authority before it; the
 * rest when the returned function is called, with the authority after it.
 */
export function lookBefore(
  views: readonly View[],
  transaction: LogTransaction,
  authority: Authority,
): (authorityAfter: Authority) => FrameChange[] {
  const looked = views.flatMap((view) =>
    modelChanges(transaction, view.model).map((change) => ({
      view,
      change,
      seenBefore: seenRow(view, authority, change.before),
    })),
  );
  return (authorityAfter) =>
    looked
      .map(({ view, change, seenBefore }) => viewChange(view, change, seenBefore, authorityAfter))
      .filter((told) => told !== null);
}

/** What a view tells of a change by which the viewer's authority stays what it is; null when nothing. */
export function tellChange(view: View, change: ModelChange, authority: Authority): FrameChange | null {
  return viewChange(view, change, seenRow(view, authority, change.before), authority);
}

/** A row of a snapshot, as it enters an empty view. */
export function enteringRow(view: View, authority: Authority, row: Row): FrameChange {
  const seen = readableRow(view.model, authority, row);
  const key = textOf(row, 'id');
  return { model: view.model, operation: 'CREATED', key, row: seen, previous: null, changedFields: [] };
}

/** What a view shows of a row: the row as the viewer may read it, or null. */
function seenRow(view: View, authority: Authority, row: Row | null): Row | null {
  if (row === null || !view.model.policy.read.allows(authority, row) || !view.matches(row)) return null;
  return readableRow(view.model, authority, row);
}

/**
 * What a view tells of a change: a row that enters it is CREATED, one that leaves it DELETED.
 *
 * @param seenBefore  by {@link seenRow}, under the authority before the transaction.
 * @param authority   the authority after it.
 */
function viewChange(view: View, change: ModelChange, seenBefore: Row | null, authority: Authority): FrameChange | null {
  const seenAfter = seenRow(view, authority, change.after);
  const operation = operationOf(seenBefore, seenAfter);
  if (operation === null || !view.operations.has(operation)) return null;
  return {
    model: view.model,
    operation,
    key: change.key,
    row: seenAfter,
    previous: seenBefore,
    changedFields:
      operation === 'UPDATED' && change.before !== null && change.after !== null
        ? changedFields(view.model, change.before, change.after, hiddenFields(view.model, authority, change.after))
        : [],
  };
}

function operationOf(before: Row | null, after: Row | null): ChangeOperation | null {
  if (before === null) return after === null ? null : 'CREATED';
  return after === null ? 'DELETED' : 'UPDATED';
}

/** Names of the fields whose values differ, but for those the viewer may not read. */
function changedFields(model: Model, before: Row, after: Row, hidden: readonly string[]): string[] {
  return Object.keys(model.fields).filter(
    (field) => !hidden.includes(field) && !sameValue(before[field], after[field]),
  );
}
