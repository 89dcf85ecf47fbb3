import type { JsonRow } from '@sync-hub/stream/change-record';
import pg from 'pg';
import { actingSql } from '../auth/acting.ts';
import { fromLiveSession } from '../auth/live-sessions.ts';
import { putAtHand } from './at-hand.ts';
import { columnSql } from './field.ts';
import type { Model, Values } from './model.ts';
import { claimSql } from './mutation-claim.ts';
import { fieldColumns, rowFromFields, rowFromRecord } from './record-row.ts';
import type { Row } from './row.ts';
import type { Profile } from './selection.ts';
import { mutationIdOf, type WriteRequest, type Written } from './write-request.ts';

/** Gives a value a place among the statement's, and says which: `$3`. */
export type Parameter = (value: unknown) => string;

/** Which row is to be written, and as what. */
export interface Target {
  readonly id: string;
  /** What has to hold for `target`, the row as it is when it is written. */
  readonly condition: (parameter: Parameter) => string;
}

/** The row as it was judged. @param rowVersion  its `xmin`: no two versions of a row have the same. */
export function versionOf(id: string, rowVersion: string): Target {
  return { id, condition: (parameter) => `target.xmin = ${parameter(rowVersion)}` };
}

// One statement asks whether the viewer's session is alive, names the author, claims the mutationId and writes. Each gives null,
// and has written nothing, when it is not, when the row is not what it has to be, when the id was claimed, or when the database
// refuses.

export function update(model: Model, target: Target, values: Values, request: WriteRequest): Promise<Written | null> {
  return write(model, request, target, (parameter, from, isTarget) => {
    const assignments = Object.entries(values).map(([name, value]) => `${columnSql(name)} = ${parameter(value)}`);
    return `UPDATE ${model.table} target SET ${assignments.join()} FROM ${from} WHERE ${isTarget}`;
  });
}

export async function remove(model: Model, target: Target, request: WriteRequest): Promise<Written | null> {
  const written = await write(
    model,
    request,
    target,
    (_, from, isTarget) => `DELETE FROM ${model.table} target USING ${from} WHERE ${isTarget}`,
  );
  return written && { ...written, row: null };
}

/** @param values  with the id. */
export function insert(model: Model, values: Values, request: WriteRequest): Promise<Written | null> {
  return write(model, request, { id: String(values['id']), condition: null }, (parameter, from) => {
    const columns = Object.keys(values).map(columnSql);
    const places = Object.values(values).map(parameter);
    return `INSERT INTO ${model.table} AS target (${columns.join()}) SELECT ${places.join()} FROM ${from}`;
  });
}

async function write(
  model: Model,
  request: WriteRequest,
  { id, condition }: Target | { readonly id: string; readonly condition: null },
  verb: (parameter: Parameter, from: string, isTarget: string) => string,
): Promise<Written | null> {
  const values: unknown[] = [];
  const parameter: Parameter = (value) => `$${values.push(value)}`;
  const mutationId = mutationIdOf(request);
  // Without a live session it has no row, and nothing is written. Capture reads the author at the end of the statement, when
  // `acting` has been read long since.
  const acting = `${actingSql({ ...request.viewer, mutationId }, parameter)} ${fromLiveSession(request.viewer, parameter)}`;
  const parts = [`acting AS MATERIALIZED (${acting})`];
  let [from, isTarget] = ['acting', ''];
  if (condition !== null) {
    isTarget = `target.id = ${parameter(id)}`;
    const isAsItHasToBe = `${isTarget} AND ${condition(parameter)}`;
    if (mutationId === null) isTarget = isAsItHasToBe;
    // An id may only be claimed for a write that will be: the row is held first. What is held is what is written then.
    else
      parts.push(`judged AS MATERIALIZED (
        SELECT FROM ${model.table} target WHERE EXISTS (SELECT FROM acting) AND ${isAsItHasToBe} FOR NO KEY UPDATE)`);
  }
  if (mutationId !== null) {
    parts.push(
      `claimed AS (${claimSql(request, { mutationId, id }, parameter, condition === null ? 'acting' : 'judged')})`,
    );
    from = 'acting, claimed';
  }
  const text = `WITH ${parts.join()} ${verb(parameter, from, isTarget)}
    RETURNING pg_current_xact_id()::text AS "transactionId", ${fieldColumns(model, 'target')}${request.profiles.map(profileColumn).join('')}`;
  const [written] = await orNone(request.query<Returned>(text, ...values));
  if (written === undefined) return null;
  request.session.proved();
  return { id, row: rowWithProfiles(model, written, request), transactionId: written.transactionId };
}

type Returned = { readonly transactionId: string } & Readonly<Record<string, unknown>>;

/** As of the statement's snapshot. */
function profileColumn({ reference, to }: Profile, index: number): string {
  const row = `SELECT row_to_json(profile) FROM ${to.table} profile WHERE profile.id = target.${columnSql(reference)}`;
  return `, (${row}) AS "profile${index}"`;
}

function rowWithProfiles(model: Model, written: Returned, { profiles }: WriteRequest): Row {
  const row = rowFromFields(model, written);
  const others = new Map<string, Row>();
  for (const [index, { field, to }] of profiles.entries()) {
    const profile = written[`profile${index}`];
    if (typeof profile === 'object' && profile !== null) others.set(field, rowFromRecord(to, profile as JsonRow));
  }
  putAtHand(row, others);
  return row;
}

/** Classes of SQLSTATE: a constraint was violated, two transactions were in each other's way. */
const refusals = /^(23|40)/;

async function orNone<Given>(rows: Promise<Given[]>): Promise<Given[]> {
  try {
    return await rows;
  } catch (error) {
    if (error instanceof pg.DatabaseError && refusals.test(error.code ?? '')) return [];
    throw error;
  }
}
