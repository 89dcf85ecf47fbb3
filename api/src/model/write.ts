import { Prisma } from '@sync-hub/prisma/generated/client';
import { actInSession } from '../auth/acting.ts';
import { loadAuthority } from '../authority/load.ts';
import { ConflictError, codedError, NotFoundError } from '../errors.ts';
import { forbidden, judgeCreate, judgeDelete, judgeUpdate, notFound } from './judge-write.ts';
import { checkOfUpdate, type Model, readableRow, type Values, type Write } from './model.ts';
import { type Claimed, claimMutation, recordResult } from './mutation-claim.ts';
import { bothWheres } from './prisma-where.ts';
import { retryWriteConflicts } from './retry-write-conflicts.ts';
import { type Row, textOf } from './row.ts';
import { tableOf } from './table.ts';
import { type Database, queryThrough, type WriteTransaction } from './transaction.ts';
import { readCreateValues, readUpdateValues } from './values.ts';
import { createAtOnce, deleteAtOnce, updateAtOnce } from './write-at-once.ts';
import { mutationIdOf, type WriteRequest, type Written } from './write-request.ts';

/** Inserts a row and everything that the model's rules add to it, in one transaction. */
export async function createRow(model: Model, request: WriteRequest): Promise<Written> {
  const read = readCreateValues(model, request.input);
  const atOnce = await createAtOnce(model, read, request);
  if (atOnce !== null) return atOnce;
  const prepared = await prepareCreate(model, request, read);
  return inTransaction(model, request, async (write) => {
    const { tx, authority } = write;
    const filled = (await model.rules.beforeCreate?.({ ...write, isHeld: true }, prepared)) ?? prepared;
    const { proposed, values } = judgeCreate(model, authority, filled);
    await model.rules.checkCreate?.(proposed)?.(write);
    const row = await tableOf(model, tx).create(values);
    await model.rules.afterCreate?.(write, row, filled);
    return { id: textOf(row, 'id'), row };
  });
}

/** Runs the model's own preparation, but for nobody who may not create the row: it is costly. */
async function prepareCreate(model: Model, { query, viewer, session }: WriteRequest, values: Values): Promise<Values> {
  if (model.rules.prepareCreate === undefined) return values;
  await session.prove();
  const authority = await loadAuthority(query, viewer);
  if (!model.policy.create.allows(authority, { ...values, __typename: model.name }))
    throw forbidden(`create this ${model.name}`);
  return model.rules.prepareCreate(values);
}

/** Changes a row. @throws NotFoundError, ForbiddenError, RowConflictError, ValidationError, ConflictError */
export async function updateRow(model: Model, id: string, request: WriteRequest): Promise<Written> {
  const values = readUpdateValues(model, request.input);
  const atOnce = await updateAtOnce(model, id, values, request);
  if (atOnce !== null) return atOnce;
  return inTransaction(model, request, async (write) => {
    const row = await lockVisible(model, write, id, false);
    judgeUpdate(model, write.authority, row, values, request.input);
    await checkOfUpdate(model, row, values)?.(write);
    return { id, row: await tableOf(model, write.tx).update(id, values) };
  });
}

/** Deletes a row. @throws NotFoundError, ForbiddenError, RowConflictError, ValidationError */
export async function deleteRow(model: Model, id: string, request: WriteRequest): Promise<Written> {
  const atOnce = await deleteAtOnce(model, id, request);
  if (atOnce !== null) return atOnce;
  return inTransaction(model, request, async (write) => {
    const row = await lockVisible(model, write, id, true);
    judgeDelete(model, write.authority, row, request.input);
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
  request: WriteRequest,
  work: (write: Write) => Promise<{ id: string; row: Row | null }>,
): Promise<Written> {
  const { prisma, viewer, session, attempts } = request;
  try {
    const run = async (tx: WriteTransaction) => {
      const query = queryThrough(tx);
      const mutationId = mutationIdOf(request);
      await actInSession(tx, { ...viewer, mutationId });
      session.proved();
      const claim = mutationId === null ? null : await claimMutation(tx, request, mutationId);
      const authority = await loadAuthority(query, viewer);
      if (claim?.result !== undefined) return await repeat(model, { tx, query, authority, attempts }, claim.result);
      const { id, row } = await work({ tx, query, authority, attempts });
      const written = { id, transactionId: await transactionIdOf(tx) };
      if (mutationId !== null) await recordResult(tx, viewer, mutationId, written);
      // What was just written may have changed the writer's own authority: he is an OWNER of the workspace he made.
      const after = await loadAuthority(query, viewer);
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

async function transactionIdOf(tx: Database): Promise<string> {
  const [row] = await tx.$queryRaw<{ xid: string }[]>`SELECT pg_current_xact_id()::text AS xid`;
  if (row === undefined) throw new Error('Postgres gave no transaction id');
  return row.xid;
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
