import { GraphQLError } from 'graphql';
import type { Authority } from '../authority/authority.ts';
import { type FieldProblem, ForbiddenError, ValidationError } from '../errors.ts';
import type { Field, IntegerField, TextField } from './field.ts';
import { readIdOf } from './global-id.ts';
import type { Model, Values } from './model.ts';
import { isStorable, type Row, type Value } from './row.ts';

/** A mutation's input after GraphQL's coercion. */
export type Input = { readonly [key: string]: unknown };

/**
 * The values that a create input gives; absent and null fields are left to the database's defaults.
 *
 * @throws ValidationError that names every field that is wrong.
 */
export function readCreateValues(model: Model, input: Input): Values {
  const fields = { ...model.fields, ...model.createOnly };
  const given = Object.entries(input).filter(([name, value]) => name in fields && name !== 'id' && value !== null);
  const values = readValues(fields, given);
  return typeof input['id'] === 'string' ? { id: input['id'], ...values } : values;
}

/**
 * The values that an update input changes: an absent field stays, null clears it.
 *
 * @throws ValidationError that names every field that is wrong, also when there is none at all.
 */
export function readUpdateValues(model: Model, input: Input): Values {
  const given = Object.entries(input).filter(([name]) => model.fields[name]?.update === true);
  if (given.length === 0) {
    const updatable = Object.entries(model.fields).filter(([, field]) => field.update === true);
    const names = updatable.map(([name]) => name).join(', ');
    throw new ValidationError([{ path: 'input', message: `says nothing to change. Give at least one of ${names}.` }]);
  }
  return readValues(model.fields, given);
}

function readValues(fields: Readonly<Record<string, Field>>, given: readonly [string, unknown][]): Values {
  const problems: FieldProblem[] = [];
  const values: Values = {};
  for (const [name, value] of given) {
    const field = fields[name];
    if (field === undefined) throw new TypeError(`no field ${name}`);
    const read = readValue(field, value);
    if ('problem' in read) problems.push({ path: name, message: read.problem });
    else values[name] = read.value;
  }
  if (problems.length > 0) throw new ValidationError(problems);
  return values;
}

function readValue(field: Field, value: unknown): { value: Value } | { problem: string } {
  if (value === null) return field.nullable === true ? { value: null } : { problem: 'cannot be null.' };
  switch (field.kind) {
    case 'text':
      return readText(field, String(value));
    case 'integer':
      return readInteger(field, Number(value));
    case 'reference':
      return readReference(field.to, String(value));
    default:
      return { value: value as Value };
  }
}

function readText(field: TextField, value: string): { value: Value } | { problem: string } {
  if (!isStorable(value)) return { problem: 'holds a NUL character or half a surrogate pair, which no row can hold.' };
  const length = [...value].length;
  if (length < field.min || length > field.max)
    return { problem: `has ${length} characters; it must have ${field.min} to ${field.max}.` };
  if (field.pattern !== undefined && !field.pattern.regExp.test(value)) return { problem: field.pattern.hint };
  return { value };
}

function readInteger({ min, max }: IntegerField, value: number): { value: Value } | { problem: string } {
  return value < min || value > max ? { problem: `is ${value}; it must be ${min} to ${max}.` } : { value };
}

function readReference(to: string, globalId: string): { value: Value } | { problem: string } {
  try {
    return { value: readIdOf(to, globalId) };
  } catch (error) {
    if (error instanceof GraphQLError) return { problem: error.message };
    throw error;
  }
}

/** @throws ForbiddenError when the values set a field that this viewer may not set in this row. */
export function checkWritable(model: Model, authority: Authority, row: Row, values: Values): void {
  for (const name of Object.keys(values)) {
    const rule = model.fields[name]?.writableBy;
    if (rule !== undefined && !rule.allows(authority, row)) throw new ForbiddenError(`You may not set ${name} here.`);
  }
}
