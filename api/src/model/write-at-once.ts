import { judgeCreate, judgeDelete, judgeUpdate, notFound } from './judge-write.ts';
import { allowedTarget, leavesVerdict } from './judged-target.ts';
import type { Seen } from './look.ts';
import { checkOfUpdate, type Model, type Values } from './model.ts';
import { insert, remove, update, versionOf } from './statement.ts';
import { mutationIdOf, type WriteRequest, type Written } from './write-request.ts';

// A write in one statement or two, each a transaction of its own, where an open transaction (write.ts) takes eleven to sixteen.
// The one judges what it writes. Of the two, the first looks at all that is to be judged, and the second writes if the row is still
// the very version that was judged. Nothing is locked between them. See docs/decisions/mutation-in-one-statement.md.
//
// Null says that this cannot decide: the call's mutationId was used before, another write came between, a rule has something
// to look up and hold, the database refused. Nothing was written then, and the transaction decides.

/** @throws what {@link judgeUpdate} throws, NotFoundError. */
export async function updateAtOnce(
  model: Model,
  id: string,
  values: Values,
  request: WriteRequest,
): Promise<Written | null> {
  if (!isPlain(model)) return null;
  if (leavesVerdict(model, values)) {
    const written = await update(model, allowedTarget(model, 'update', id, request), values, request);
    if (written !== null) return written;
  }
  const seen = await look(model, request, id);
  if (seen.isClaimed) return null;
  const { row, rowVersion } = requireVisible(model, seen);
  judgeUpdate(model, seen.authority, row, values, request.input);
  if (checkOfUpdate(model, row, values)) return null;
  return update(model, versionOf(id, rowVersion), values, request);
}

/** @throws what {@link judgeDelete} throws, NotFoundError. */
export async function deleteAtOnce(model: Model, id: string, request: WriteRequest): Promise<Written | null> {
  if (!isPlain(model) || model.rules.beforeDelete !== undefined) return null;
  const written = await remove(model, allowedTarget(model, 'delete', id, request), request);
  if (written !== null) return written;
  const seen = await look(model, request, id);
  if (seen.isClaimed) return null;
  const { row, rowVersion } = requireVisible(model, seen);
  judgeDelete(model, seen.authority, row, request.input);
  return remove(model, versionOf(id, rowVersion), request);
}

/** @throws what {@link judgeCreate} throws, and the model's own rules. */
export async function createAtOnce(model: Model, given: Values, request: WriteRequest): Promise<Written | null> {
  const { beforeCreate, checkCreate, afterCreate } = model.rules;
  if (!isPlain(model) || afterCreate !== undefined) return null;
  const { isClaimed, authority } = await look(model, request, null);
  if (isClaimed) return null;
  const { query, attempts } = request;
  const filled = (await beforeCreate?.({ query, authority, attempts, isHeld: false }, given)) ?? given;
  const { proposed, values } = judgeCreate(model, authority, filled);
  if (checkCreate?.(proposed)) return null;
  return insert(model, values, request);
}

/**
 * Whether policies can judge its rows by what a look gives. Not where they ask who shares a workspace; nor where some
 * may not read every field, since what is written may change who.
 */
function isPlain({ policy, fields }: Model): boolean {
  if (policy.read.readsPeers || policy.update.readsPeers || policy.delete.readsPeers) return false;
  return Object.values(fields).every(({ readableBy }) => readableBy === undefined);
}

function look(model: Model, request: WriteRequest, id: string | null): Promise<Seen> {
  return request.look(model, { viewerId: request.viewer.userId, mutationId: mutationIdOf(request), id });
}

function requireVisible(model: Model, { authority, row, rowVersion }: Seen) {
  if (row === null || rowVersion === null || !model.policy.read.allows(authority, row)) throw notFound(model);
  return { row, rowVersion };
}
