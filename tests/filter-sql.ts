import type { FilterInput } from '@sync-hub/api/model/filter';
import { uuidOf } from './person.ts';

const columns: Readonly<Record<string, { readonly name: string; readonly type: string }>> = {
  title: { name: 'title', type: 'text' },
  priority: { name: 'priority', type: 'int' },
  status: { name: 'status', type: 'task_status' },
  dueAt: { name: 'due_at', type: 'timestamptz' },
  assigneeId: { name: 'assignee_id', type: 'uuid' },
};

/** What the contract says a filter of tasks means, as plain SQL. Adds its values to `params`. */
export function sqlCondition(filter: FilterInput, params: unknown[]): string {
  const conditions = Object.entries(filter).map(([key, value]) => {
    const list = () => (value as FilterInput[]).map((one) => `(${sqlCondition(one, params)})`);
    if (key === 'and') return list().join(' AND ') || 'true';
    if (key === 'or') return list().join(' OR ') || 'false';
    if (key === 'not') return `NOT (${sqlCondition(value as FilterInput, params)})`;
    return fieldCondition(key, value as FilterInput, params);
  });
  return conditions.map((condition) => `(${condition})`).join(' AND ') || 'true';
}

function fieldCondition(field: string, { insensitive, ...operators }: FilterInput, params: unknown[]): string {
  const { name, type } = columns[field] ?? { name: '', type: '' };
  const cased = (sql: string) => (insensitive === true ? `lower(${sql} COLLATE pg_unicode_fast)` : sql);
  const column = cased(name);
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
        return `${column} ${sign} ${parameter(value)}`;
      }
    }
  });
  return conditions.map((condition) => `(${condition})`).join(' AND ') || 'true';
}
