import { randomUUID } from 'node:crypto';
import type { Authority } from '../authority/authority.ts';
import { ForbiddenError, NotFoundError, RowConflictError } from '../errors.ts';
import { type Model, readableRow, type Values } from './model.ts';
import { integerOf, type Row, textOf } from './row.ts';
import { checkWritable, type Input } from './values.ts';

/**
 * Whether a write may be, by the viewer's authority and the rows in hand: what needs no statement.
 *
 * @throws NotFoundError where the viewer may not see, ForbiddenError where they see and may not do it, RowConflictError.
 */
export function judgeCreate(model: Model, authority: Authority, filled: Values): { proposed: Row; values: Values } {
  const values = Object.fromEntries(Object.entries(filled).filter(([name]) => name in model.fields));
  const proposed: Row = { id: randomUUID(), ...values, __typename: model.name };
  requireVisibleWorkspace(model, authority, proposed);
  if (!model.policy.create.allows(authority, proposed)) throw forbidden(`create this ${model.name}`);
  checkWritable(model, authority, proposed, values);
  return { proposed, values: { ...values, id: textOf(proposed, 'id') } };
}

/** @param row  as it is, visible to the viewer. */
export function judgeUpdate(model: Model, authority: Authority, row: Row, values: Values, input: Input): void {
  if (!model.policy.update.allows(authority, row)) throw forbidden(`update this ${model.name}`);
  checkWritable(model, authority, row, values);
  checkVersion(model, authority, row, input);
  const proposed: Row = { ...row, ...values };
  requireVisibleWorkspace(model, authority, proposed);
  if (!model.policy.update.allows(authority, proposed)) throw forbidden(`make this change of the ${model.name}`);
}

/** @param row  as it is, visible to the viewer. */
export function judgeDelete(model: Model, authority: Authority, row: Row, input: Input): void {
  if (!model.policy.delete.allows(authority, row)) throw forbidden(`delete this ${model.name}`);
  checkVersion(model, authority, row, input);
}

export function notFound(model: Model): NotFoundError {
  return new NotFoundError(`There is no such ${model.name}, or you may not see it.`);
}

export function forbidden(what: string): ForbiddenError {
  return new ForbiddenError(`Your role does not let you ${what}.`);
}

/** A row may only be put where its writer can see it: whoever cannot is told that there is no such place. */
function requireVisibleWorkspace(model: Model, authority: Authority, proposed: Row): void {
  const { workspace } = model;
  if (workspace === undefined || model.fields[workspace]?.kind !== 'reference') return;
  if (!authority.memberships.has(textOf(proposed, workspace)))
    throw new NotFoundError('There is no such Workspace, or you may not see it.');
}

function checkVersion(model: Model, authority: Authority, row: Row, input: Input) {
  const expected = input['expectedVersion'];
  if (typeof expected === 'number' && expected !== integerOf(row, 'version'))
    throw new RowConflictError(model.name, expected, {
      ...readableRow(model, authority, row),
      version: row['version'],
    });
}
