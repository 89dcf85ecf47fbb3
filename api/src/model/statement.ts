import pg from 'pg';
import { actingSql } from '../auth/acting.ts';
import { columnOf } from './field.ts';
import type { Model, Values } from './model.ts';
import { claimSql } from './mutation-claim.ts';
import { fieldColumns, rowFromFields } from './record-row.ts';
import { mutationIdOf, type WriteRequest, type Written } from './write-request.ts';

/** A row as it was judged. */
interface Version {
  readonly id: string;
  /** Its `xmin`. */
  readonly rowVersion: string;
}

/** Gives a value a place among the statement's, and says which: `$3`. */
export type Parameter = (value: unknown) => string;

// One statement names the author, claims the mutationId and writes. Each gives null, and has written nothing, when the
// version that was judged is not there any more, when the id was claimed meanwhile, or when the database refuses.

export function updateVersion(model: Model, version: Version, values: Values, request: WriteRequest) {
  return write(model, request, version, (parameter, from, isVersion) => {
    const assignments = Object.entries(values).map(([name, value]) => `${columnOf(name)} = ${parameter(value)}`);
    return `UPDATE ${model.table} target SET ${assignments.join()} FROM ${from} WHERE ${isVersion}`;
  });
}

export async function deleteVersion(model: Model, version: Version, request: WriteRequest): Promise<Written | null> {
  const written = await write(
    model,
    request,
    version,
    (_, from, isVersion) => `DELETE FROM ${model.table} target USING ${from} WHERE ${isVersion}`,
  );
  return written && { ...written, row: null };
}

/** @param values  with the id. */
export function insert(model: Model, values: Values, request: WriteRequest): Promise<Written | null> {
  return write(model, request, { id: String(values['id']), rowVersion: null }, (parameter, from) => {
    const columns = Object.keys(values).map(columnOf);
    const places = Object.values(values).map(parameter);
    return `INSERT INTO ${model.table} AS target (${columns.join()}) SELECT ${places.join()} FROM ${from}`;
  });
}

async function write(
  model: Model,
  request: WriteRequest,
  { id, rowVersion }: { readonly id: string; readonly rowVersion: string | null },
  verb: (parameter: Parameter, from: string, isVersion: string) => string,
): Promise<Written | null> {
  const values: unknown[] = [];
  const parameter: Parameter = (value) => `$${values.push(value)}`;
  const mutationId = mutationIdOf(request);
  const isVersion =
    rowVersion === null ? '' : `target.id = ${parameter(id)} AND target.xmin = ${parameter(rowVersion)}`;
  // Capture reads the author at the end of the statement, when `acting` has been read long since.
  const parts = [`acting AS MATERIALIZED (${actingSql({ ...request.viewer, mutationId }, parameter)})`];
  let from = 'acting';
  if (mutationId !== null) {
    // An id may only be claimed for a write that will be: its version is held first.
    const held = `SELECT FROM ${model.table} target WHERE ${isVersion} FOR NO KEY UPDATE`;
    if (rowVersion !== null) parts.push(`judged AS MATERIALIZED (${held})`);
    parts.push(
      `claimed AS (${claimSql(request, { mutationId, id }, parameter, rowVersion === null ? '' : 'FROM judged')})`,
    );
    from = 'acting, claimed';
  }
  const text = `WITH ${parts.join()} ${verb(parameter, from, isVersion)}
    RETURNING pg_current_xact_id()::text AS "transactionId", ${fieldColumns(model, 'target')}`;
  const [written] = await orNone(request.query<{ transactionId: string }>(text, ...values));
  return written === undefined
    ? null
    : { id, row: rowFromFields(model, { ...written }), transactionId: written.transactionId };
}

/** Classes of SQLSTATE: a constraint was violated, two transactions were in each other's way. */
const refusals = /^(23|40)/;

async function orNone<Row>(rows: Promise<Row[]>): Promise<Row[]> {
  try {
    return await rows;
  } catch (error) {
    if (error instanceof pg.DatabaseError && refusals.test(error.code ?? '')) return [];
    throw error;
  }
}
