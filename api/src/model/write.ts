import { randomUUID } from 'node:crypto';
import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import { Prisma } from '@sync-hub/prisma/generated/client';
import { actAs } from '../auth/acting.ts';
import type { Viewer } from '../auth/authenticate.ts';
import { loadAuthority } from '../authority/load.ts';
import { ConflictError, codedError, ForbiddenError, NotFoundError, RowConflictError } from '../errors.ts';
import { type Model, readableRow, type Values, type Write } from './model.ts';
import { type Claimed, claimMutation, recordResult } from './mutation-claim.ts';
import { bothWheres } from './prisma-where.ts';
import { retryWriteConflicts } from './retry-write-conflicts.ts';
import { integerOf, type Row, textOf } from './row.ts';
import { tableOf } from './table.ts';
import type { Database, WriteTransaction } from './transaction.ts';
import { checkWritable, type Input, readCreateValues, readUpdateValues } from './values.ts';

/** What a mutation wrote. `row` is as its viewer may read it; null when it was deleted. */
export interface Written {
  readonly id: string;
  readonly row: Row | null;
  /** xid8, as decimal text: what its frame carries. */
  readonly transactionId: string;
}

interface WriteRequest {
  readonly prisma: PrismaClient;
  readonly claimKey: Uint8Array;
  readonly viewer: Viewer;
  /** Name of the mutation's field: a mutationId is bound to it. */
  readonly fieldName: string;
  readonly input: Input;
}

/** Inserts a row and everything that the model's rules add to it, in one transaction. */
export async function createRow(model: Model, request: WriteRequest): Promise<Written> {
  const read = readCreateValues(model, request.input);
  const prepared = await prepareCreate(model, request, read);
  return inTransaction(model, request, async (write) => {
    const { tx, authority } = write;
    const filled = (await model.rules.beforeCreate?.(write, prepared)) ?? prepared;
    const values = Object.fromEntries(Object.entries(filled).filter(([name]) => name in model.fields));
    const proposed: Row = { id: randomUUID(), ...values, __typename: model.name };
    requireVisibleWorkspace(model, write, proposed);
    if (!model.policy.create.allows(authority, proposed)) throw forbidden(`create this ${model.name}`);
    checkWritable(model, authority, proposed, values);
    await model.rules.checkCreate?.(write, proposed);
    const row = await tableOf(model, tx).create({ ...values, id: textOf(proposed, 'id') });
    await model.rules.afterCreate?.(write, row, filled);
    return { id: textOf(row, 'id'), row };
  });
}

/** Runs the model's own preparation, but for nobody who may not create the row: it is costly. */
async function prepareCreate(model: Model, { prisma, viewer }: WriteRequest, values: Values): Promise<Values> {
  if (model.rules.prepareCreate === undefined) return values;
  const authority = await loadAuthority(prisma, viewer);
  if (!model.policy.create.allows(authority, { ...values, __typename: model.name }))
    throw forbidden(`create this ${model.name}`);
  return model.rules.prepareCreate(values);
}

/** Changes a row. @throws NotFoundError, ForbiddenError, RowConflictError, ValidationError, ConflictError */
export async function updateRow(model: Model, id: string, request: WriteRequest): Promise<Written> {
  const values = readUpdateValues(model, request.input);
  return inTransaction(model, request, async (write) => {
    const { tx, authority } = write;
    const row = await lockVisible(model, write, id, false);
    if (!model.policy.update.allows(authority, row)) throw forbidden(`update this ${model.name}`);
    checkWritable(model, authority, row, values);
    checkVersion(model, authority, row, request.input);
    const proposed: Row = { ...row, ...values };
    requireVisibleWorkspace(model, write, proposed);
    if (!model.policy.update.allows(authority, proposed)) throw forbidden(`make this change of the ${model.name}`);
    await model.rules.beforeUpdate?.(write, row, values);
    return { id, row: await tableOf(model, tx).update(id, values) };
  });
}

/** Deletes a row. @throws NotFoundError, ForbiddenError, RowConflictError, ValidationError */
export function deleteRow(model: Model, id: string, request: WriteRequest): Promise<Written> {
  return inTransaction(model, request, async (write) => {
    const row = await lockVisible(model, write, id, true);
    if (!model.policy.delete.allows(write.authority, row)) throw forbidden(`delete this ${model.name}`);
    checkVersion(model, write.authority, row, request.input);
    await model.rules.beforeDelete?.(write, row);
    await tableOf(model, write.tx).delete(id);
    return { id, row: null };
  });
}

/**
 * READ COMMITTED: rules that wait for a lock must see what the other has committed. Deleting a large workspace may take a
 * while; waiting for a connection may not.
 */
const transactionOptions = { isolationLevel: 'ReadCommitted', maxWait: 5_000, timeout: 60_000 } as const;

async function inTransaction(
  model: Model,
  { prisma, claimKey, viewer, fieldName, input }: WriteRequest,
  work: (write: Write) => Promise<{ id: string; row: Row | null }>,
): Promise<Written> {
  try {
    const run = async (tx: WriteTransaction) => {
      const mutationId = typeof input['mutationId'] === 'string' ? input['mutationId'] : null;
      await actAs(tx, { ...viewer, mutationId });
      const claim =
        mutationId === null ? null : await claimMutation(tx, viewer, mutationId, fieldName, input, claimKey);
      const authority = await loadAuthority(tx, viewer);
      if (claim?.result !== undefined) return await repeat(model, { tx, authority }, claim.result);
      const { id, row } = await work({ tx, authority });
      const written = { id, transactionId: await transactionIdOf(tx) };
      if (mutationId !== null) await recordResult(tx, viewer, mutationId, written);
      // What was just written may have changed the writer's own authority: he is an OWNER of the workspace he made.
      const after = await loadAuthority(tx, viewer);
      return { ...written, row: row && readableRow(model, after, row) };
    };
    return await retryWriteConflicts(() => prisma.$transaction(run, transactionOptions));
  } catch (error) {
    throw asUserError(error);
  }
}

/** The first result of a retried mutation, if its viewer may still see it. */
async function repeat(model: Model, write: Write, result: Claimed): Promise<Written> {
  const wasDelete = result.field === `delete${model.name}`;
  const row = wasDelete ? null : await visibleRow(model, write, result.id);
  if (row === null && !wasDelete) throw notFound(model);
  return { id: result.id, transactionId: result.transactionId, row: row && readableRow(model, write.authority, row) };
}

/** The row as it is when it is ours to write. Nobody waits for, or locks, a row that he may not see. */
async function lockVisible(model: Model, write: Write, id: string, forDelete: boolean): Promise<Row> {
  if ((await visibleRow(model, write, id)) === null) throw notFound(model);
  await tableOf(model, write.tx).lock(id, forDelete);
  const row = await visibleRow(model, write, id);
  if (row === null) throw notFound(model);
  return row;
}

function visibleRow(model: Model, { tx, authority }: Write, id: string): Promise<Row | null> {
  return tableOf(model, tx).findOne(bothWheres({ id }, model.policy.read.where(authority)));
}

/** A row may only be put where its writer can see it: whoever cannot is told that there is no such place. */
function requireVisibleWorkspace(model: Model, { authority }: Write, proposed: Row): void {
  const { workspace } = model;
  if (workspace === undefined || model.fields[workspace]?.kind !== 'reference') return;
  if (!authority.memberships.has(textOf(proposed, workspace)))
    throw new NotFoundError('There is no such Workspace, or you may not see it.');
}

function checkVersion(model: Model, authority: Write['authority'], row: Row, input: Input) {
  const expected = input['expectedVersion'];
  if (typeof expected === 'number' && expected !== integerOf(row, 'version'))
    throw new RowConflictError(model.name, expected, {
      ...readableRow(model, authority, row),
      version: row['version'],
    });
}

async function transactionIdOf(tx: Database): Promise<string> {
  const [row] = await tx.$queryRaw<{ xid: string }[]>`SELECT pg_current_xact_id()::text AS xid`;
  if (row === undefined) throw new Error('Postgres gave no transaction id');
  return row.xid;
}

function notFound(model: Model) {
  return new NotFoundError(`There is no such ${model.name}, or you may not see it.`);
}

function forbidden(what: string) {
  return new ForbiddenError(`Your role does not let you ${what}.`);
}

/** What the database refuses, said for the caller. */
function asUserError(error: unknown): unknown {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return error;
  if (error.code === 'P2002')
    return new ConflictError('A row with this id, or with these unique values, exists already.');
  if (error.code === 'P2028') return codedError('UNAVAILABLE', 'The database is too busy. Try again in a few seconds.');
  if (error.code === 'P2003') return new NotFoundError('A row that the input names does not exist.');
  return error;
}
