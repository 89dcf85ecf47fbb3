import type { Field } from '@sync-hub/api/model/field';
import type { FilterInput } from '@sync-hub/api/model/filter';
import type { Model } from '@sync-hub/api/model/model';
import { uuidOf } from './person.ts';

/** Enumerations are compared as texts, so that none has to be named here. */
const sqlTypes = {
  text: 'text',
  integer: 'int',
  boolean: 'boolean',
  enumeration: 'text',
  dateTime: 'timestamptz',
  reference: 'uuid',
  uuid: 'uuid',
} as const satisfies Record<Field['kind'], string>;

/** `dueAt` is `due_at`. */
export function columnNamed(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What a filter of this model means, as plain SQL. Adds its values to `params`. */
export function sqlCondition(model: Model, filter: FilterInput, params: unknown[]): string {
  const conditions = Object.entries(filter).map(([key, value]) => {
    const list = () => (value as FilterInput[]).map((one) => `(${sqlCondition(model, one, params)})`);
    if (key === 'and') return list().join(' AND ') || 'true';
    if (key === 'or') return list().join(' OR ') || 'false';
    if (key === 'not') return `NOT (${sqlCondition(model, value as FilterInput, params)})`;
    const field = model.fields[key];
    if (field === undefined) throw new Error(`${model.name} has no field ${key}`);
    return fieldCondition(columnNamed(key), field, value as FilterInput, params);
  });
  return conditions.map((condition) => `(${condition})`).join(' AND ') || 'true';
}

function fieldCondition(name: string, field: Field, { insensitive, ...operators }: FilterInput, params: unknown[]) {
  const type = sqlTypes[field.kind];
  const cased = (sql: string) => (insensitive === true ? `lower(${sql} COLLATE pg_unicode_fast)` : sql);
  const column = cased(field.kind === 'enumeration' ? `${name}::text` : name);
  const parameter = (value: unknown) => {
    params.push(type === 'uuid' ? uuidOf(String(value)) : value);
    return cased(`$${params.length}::${type}`);
  };
  const conditions = Object.entries(operators).map(([operator, value]) => {
    switch (operator) {
      case 'eq':
        return `${column} = ${parameter(value)}`;
      case 'ne':
        return `${column} <> ${parameter(value)}`;
      case 'in':
        return (value as unknown[]).map((one) => `${column} = ${parameter(one)}`).join(' OR ') || 'false';
      case 'isNull':
        return `${name} IS ${value === true ? '' : 'NOT '}NULL`;
      case 'contains':
        return `strpos(${column}, ${parameter(value)}) > 0`;
      case 'startsWith':
        return `starts_with(${column}, ${parameter(value)})`;
      case 'endsWith': {
        const end = parameter(value);
        return `right(${column}, length(${end})) = ${end}`;
      }
      default: {
        const sign = { lt: '<', lte: '<=', gt: '>', gte: '>=' }[operator];
        if (sign === undefined) throw new Error(`nobody has said what ${operator} means`);
        return `${column} ${sign} ${parameter(value)}`;
      }
    }
  });
  return conditions.map((condition) => `(${condition})`).join(' AND ') || 'true';
}
