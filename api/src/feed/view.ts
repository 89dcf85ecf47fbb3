import type { Authority } from '../authority/authority.ts';
import { hiddenFields, type Model, readableRow } from '../model/model.ts';
import { type Row, sameValue } from '../model/row.ts';
import type { ChangeOperation, FrameChange } from './frame.ts';

/** A transaction's change of one row of a model. */
export interface ModelChange {
  readonly key: string;
  readonly before: Row | null;
  readonly after: Row | null;
}

/** A subscription's view of a model: what its policy lets the viewer see, and its `where` asks for. */
export interface View {
  readonly model: Model;
  matches(row: Row): boolean;
  readonly operations: ReadonlySet<ChangeOperation>;
}

/** What a view saw of a row before a transaction: the row as the viewer may read it, or null. */
export function seenRow(view: View, authority: Authority, row: Row | null): Row | null {
  if (row === null || !view.model.policy.read.allows(authority, row) || !view.matches(row)) return null;
  return readableRow(view.model, authority, row);
}

/**
 * What a view tells of a change: a row that enters it is CREATED, one that leaves it DELETED.
 *
 * @param seenBefore  by {@link seenRow}, under the authority before the transaction.
 * @param authority   the authority after it.
 */
export function viewChange(
  view: View,
  change: ModelChange,
  seenBefore: Row | null,
  authority: Authority,
): FrameChange | null {
  const seenAfter = seenRow(view, authority, change.after);
  const operation = operationOf(seenBefore, seenAfter);
  if (operation === null || !view.operations.has(operation)) return null;
  return {
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
