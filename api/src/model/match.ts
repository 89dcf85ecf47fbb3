import type { Comparison, Filter } from './filter.ts';
import { type Row, sameValue, type Value } from './row.ts';

/**
 * Whether a row fulfils a filter: the verdict Postgres gives on the same row. Logic has three values, as in SQL; `null`
 * is unknown, and an unknown row does not match.
 */
export function matches(filter: Filter, row: Row): boolean {
  return verdict(filter, row) === true;
}

function verdict(filter: Filter, row: Row): boolean | null {
  switch (filter.op) {
    case 'and':
      return combine(filter.filters, row, false);
    case 'or':
      return combine(filter.filters, row, true);
    case 'not': {
      const inner = verdict(filter.filter, row);
      return inner === null ? null : !inner;
    }
    default:
      return compare(filter, row[filter.field] ?? null);
  }
}

/** AND when `decisive` is false, OR when it is true: one decisive verdict settles it, else one unknown leaves it unknown. */
function combine(filters: readonly Filter[], row: Row, decisive: boolean): boolean | null {
  let result: boolean | null = !decisive;
  for (const filter of filters) {
    const one = verdict(filter, row);
    if (one === decisive) return decisive;
    if (one === null) result = null;
  }
  return result;
}

function compare(comparison: Comparison, value: Value): boolean | null {
  if (comparison.op === 'isNull') return (value === null) === comparison.value;
  // `x IN ()` is false, not unknown, even where x is NULL.
  if (comparison.op === 'in' && comparison.values.length === 0) return false;
  if (value === null) return null;
  switch (comparison.op) {
    case 'eq':
      return equal(value, comparison.value, comparison.insensitive);
    case 'ne':
      return !equal(value, comparison.value, comparison.insensitive);
    case 'in':
      return comparison.values.some((one) => equal(value, one, comparison.insensitive));
    case 'lt':
      return value < comparison.value;
    case 'lte':
      return value <= comparison.value;
    case 'gt':
      return value > comparison.value;
    case 'gte':
      return value >= comparison.value;
    case 'contains':
      return cased(value, comparison.insensitive).includes(cased(comparison.value, comparison.insensitive));
    case 'startsWith':
      return cased(value, comparison.insensitive).startsWith(cased(comparison.value, comparison.insensitive));
    case 'endsWith':
      return cased(value, comparison.insensitive).endsWith(cased(comparison.value, comparison.insensitive));
  }
}

function equal(one: Value, other: Value, insensitive: boolean): boolean {
  return insensitive ? cased(one, true) === cased(other, true) : sameValue(one, other);
}

/** Lower case as Postgres's pg_unicode_fast makes it; the columns that clients filter by are pinned to that collation. */
function cased(value: Value, insensitive: boolean): string {
  return insensitive ? String(value).toLowerCase() : String(value);
}
