import { everything, nothing, type Where } from '../authority/rules.ts';
import type { Comparison, Filter } from './filter.ts';

/**
 * The filter as a Prisma `where`: it finds the rows that `matches` says yes to.
 *
 * Empty lists are decided here (`and: []` holds, `or: []` does not) and LIKE's wildcards are escaped, because Prisma does
 * not do it for us.
 */
export function prismaWhere(filter: Filter): Where {
  switch (filter.op) {
    case 'and': {
      const wheres = filter.filters.map(prismaWhere).filter((where) => where !== everything);
      if (wheres.includes(nothing)) return nothing;
      return wheres.length === 0 ? everything : { AND: wheres };
    }
    case 'or': {
      const wheres = filter.filters.map(prismaWhere).filter((where) => where !== nothing);
      if (wheres.includes(everything)) return everything;
      return wheres.length === 0 ? nothing : { OR: wheres };
    }
    case 'not': {
      const where = prismaWhere(filter.filter);
      if (where === everything) return nothing;
      return where === nothing ? everything : { NOT: where };
    }
    default:
      return compare(filter);
  }
}

/** Both of two conditions. */
export function bothWheres(one: Where, other: Where): Where {
  if (one === everything) return other;
  if (other === everything) return one;
  return one === nothing || other === nothing ? nothing : { AND: [one, other] };
}

function compare(comparison: Comparison): Where {
  const { field } = comparison;
  switch (comparison.op) {
    case 'isNull':
      return { [field]: comparison.value ? { equals: null } : { not: null } };
    case 'eq':
      return { [field]: comparison.insensitive ? ilike(comparison.value) : { equals: comparison.value } };
    case 'ne':
      return comparison.insensitive
        ? { NOT: { [field]: ilike(comparison.value) } }
        : { NOT: { [field]: { equals: comparison.value } } };
    case 'in':
      if (comparison.values.length === 0) return nothing;
      return comparison.insensitive
        ? { OR: comparison.values.map((value) => ({ [field]: ilike(value) })) }
        : { [field]: { in: comparison.values } };
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return {
        [field]: {
          [comparison.op]: escapeLike(comparison.value),
          ...(comparison.insensitive ? { mode: 'insensitive' } : {}),
        },
      };
    default:
      return { [field]: { [comparison.op]: comparison.value } };
  }
}

/** Prisma makes ILIKE of it, which lower-cases both sides by the column's collation. */
function ilike(value: unknown) {
  return { equals: escapeLike(String(value)), mode: 'insensitive' };
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
