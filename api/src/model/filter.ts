import { codedError } from '../errors.ts';
import type { Field } from './field.ts';
import { readIdOf } from './global-id.ts';
import type { Model } from './model.ts';
import { isStorable, type Value } from './row.ts';

/** One comparison. NULL is as in SQL: it equals nothing and differs from nothing. */
export type Comparison =
  | { readonly op: 'eq' | 'ne'; readonly field: string; readonly value: Value; readonly insensitive: boolean }
  | { readonly op: 'in'; readonly field: string; readonly values: readonly Value[]; readonly insensitive: boolean }
  | { readonly op: 'lt' | 'lte' | 'gt' | 'gte'; readonly field: string; readonly value: number | Date }
  | { readonly op: TextOperator; readonly field: string; readonly value: string; readonly insensitive: boolean }
  | { readonly op: 'isNull'; readonly field: string; readonly value: boolean };
export type TextOperator = 'contains' | 'startsWith' | 'endsWith';

/** A filter as the client wrote it, read. Both interpreters, Prisma's `where` and the matcher, start from it. */
export type Filter =
  | Comparison
  | { readonly op: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly op: 'not'; readonly filter: Filter };

/** A filter input after GraphQL's coercion: its shape is known, what it names is not checked yet. */
export type FilterInput = { readonly [key: string]: unknown };

/** The limits of one filter. Over one of them it is BAD_USER_INPUT. */
export const filterLimits = { maxComparisons: 100, maxValues: 1_000, maxDepth: 10, maxFilters: 200 };

const everything: Filter = { op: 'and', filters: [] };
const nothing: Filter = { op: 'or', filters: [] };

/** @throws BAD_USER_INPUT with what is wrong and where. */
export function readFilter(model: Model, input: FilterInput | null | undefined): Filter {
  const counts = { filters: 0, comparisons: 0, values: 0 };
  const count = (name: keyof typeof counts, more: number, limit: number) => {
    counts[name] += more;
    if (counts[name] > limit) throw badFilter('where', `has more than ${limit} ${name}`);
  };

  function read(object: FilterInput, path: string, depth: number): Filter {
    if (depth > filterLimits.maxDepth) throw badFilter(path, `is nested deeper than ${filterLimits.maxDepth}`);
    count('filters', 1, filterLimits.maxFilters);
    const filters = Object.entries(object).map(([key, value]): Filter => {
      const at = `${path}.${key}`;
      if (value === null)
        throw badFilter(at, 'is null. Leave it out, or use isNull: true to ask for rows without a value');
      const list = () => (value as FilterInput[]).map((one, index) => read(one, `${at}.${index}`, depth + 1));
      if (key === 'and' || key === 'or') return { op: key, filters: list() };
      if (key === 'not') return { op: 'not', filter: read(value as FilterInput, at, depth + 1) };
      const field = model.fields[key];
      if (field === undefined) throw new TypeError(`${model.name} has no field ${key}`);
      return { op: 'and', filters: comparisons(model, key, field, value as FilterInput, at) };
    });
    return { op: 'and', filters };
  }

  function comparisons(model: Model, name: string, field: Field, object: FilterInput, path: string): Filter[] {
    const { insensitive: flag, ...operators } = object;
    const insensitive = flag === true;
    return Object.entries(operators).map(([op, value]): Filter => {
      const at = `${path}.${op}`;
      if (value === null) throw badFilter(at, 'is null. Use isNull: true to ask for rows without a value');
      count('comparisons', 1, filterLimits.maxComparisons);
      const one = (given: unknown) => {
        if (typeof given === 'string' && !isStorable(given)) throw badFilter(at, 'holds a character no row can hold');
        return readValue(model, field, given);
      };
      switch (op) {
        case 'eq':
        case 'ne':
          return { op, field: name, value: one(value), insensitive };
        case 'in': {
          const values = value as unknown[];
          count('values', values.length, filterLimits.maxValues);
          return { op, field: name, values: values.map(one), insensitive };
        }
        case 'isNull':
          // Prisma refuses to ask it of a column that is never NULL: the answer is known.
          if (field.nullable !== true) return value === true ? nothing : everything;
          return { op, field: name, value: value === true };
        case 'contains':
        case 'startsWith':
        case 'endsWith':
          return { op, field: name, value: String(one(value)), insensitive };
        case 'lt':
        case 'lte':
        case 'gt':
        case 'gte':
          return { op, field: name, value: value as number | Date };
        default:
          throw new TypeError(`no operator ${op}`);
      }
    });
  }

  return read(input ?? {}, 'where', 0);
}

function readValue(model: Model, field: Field, given: unknown): Value {
  if (field.kind === 'reference') return readIdOf(field.to, String(given));
  if (field.kind === 'uuid') return readIdOf(model.name, String(given));
  return given as Value;
}

function badFilter(path: string, what: string) {
  return codedError('BAD_USER_INPUT', `${path} ${what}.`);
}

/** The value that `field` must equal for the filter to hold, when the filter says so at its top. */
export function requiredValue(filter: Filter, field: string): Value | undefined {
  if (filter.op === 'eq') return filter.field === field && !filter.insensitive ? filter.value : undefined;
  if (filter.op !== 'and') return undefined;
  for (const part of filter.filters) {
    const value = requiredValue(part, field);
    if (value !== undefined) return value;
  }
  return undefined;
}
