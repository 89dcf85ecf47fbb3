import type { JsonRow } from '@sync-hub/stream/change-record';
import { columnOf, columnSql, type Field } from './field.ts';
import type { Model } from './model.ts';
import type { Row, Value } from './row.ts';

/** A model's row from a record of the log, where it stands as Postgres's `row_to_json` wrote it. */
export function rowFromRecord(model: Model, json: JsonRow): Row {
  const row: { __typename: string; [field: string]: Value } = { __typename: model.name };
  for (const [name, field] of Object.entries(model.fields)) row[name] = valueFromJson(field, json[columnOf(name)]);
  return row;
}

/** A model's row from what Prisma gives, or a statement with {@link fieldColumns}. */
export function rowFromFields(model: Model, record: Readonly<Record<string, unknown>>): Row {
  const row: { __typename: string; [field: string]: Value } = { __typename: model.name };
  for (const name of Object.keys(model.fields)) row[name] = valueFromPrisma(record[name]);
  return row;
}

/** Every column of a model, each under its field's name. @param table  the name by which the statement calls the table. */
export function fieldColumns({ fields }: Model, table: string): string {
  return Object.keys(fields)
    .map((name) => `${table}.${columnSql(name)} AS "${name}"`)
    .join();
}

function valueFromJson(field: Field, json: JsonRow[string] | undefined): Value {
  // A column that the record does not have yet was added to the table later: it was null when the row was written.
  if (json === undefined || json === null) return null;
  if (field.kind === 'dateTime' && typeof json === 'string') return new Date(json);
  if (typeof json === 'object') throw new TypeError(`a field of kind ${field.kind} cannot hold JSON`);
  return json;
}

function valueFromPrisma(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value instanceof Date)
    return value;
  throw new TypeError(`Prisma gave a ${typeof value} for a field of a model`);
}
