import type { Authority } from '../authority/authority.ts';
import { nothing, type Where } from '../authority/rules.ts';
import { codedError } from '../errors.ts';
import type { Field } from './field.ts';
import { isUuid } from './global-id.ts';
import { type Model, readableRow } from './model.ts';
import { bothWheres } from './prisma-where.ts';
import { isStorable, type Row, type Value } from './row.ts';
import type { OrderBy, Table } from './table.ts';

/** Relay's pagination arguments, as a client gives them. */
export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly last?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly before?: string | null | undefined;
}
export interface Order {
  readonly field: string;
  readonly direction: 'ASC' | 'DESC';
}
export interface Page {
  readonly edges: { readonly cursor: string; readonly node: Row }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

export const pageLimits = { defaultSize: 20, maxSize: 100, maxOrders: 5 };

/**
 * One page of the rows that `where` finds, by keyset: cursors hold the ordered values of a row, so a page neither skips nor
 * repeats rows when others come and go, nor ends when the row that its cursor names is deleted. NULL comes last in
 * either direction; ties are broken by id.
 *
 * @throws BAD_USER_INPUT for arguments that make no page, and for cursors of another order.
 */
export async function readPage(
  model: Model,
  table: Table,
  where: Where,
  page: PageArguments,
  orders: readonly Order[],
  authority: Authority,
): Promise<Page> {
  const { size, backward } = readSize(page);
  const keys = readOrders(orders);
  const bounds = [
    typeof page.after === 'string' ? beyond(model, keys, readCursor(model, keys, page.after), false) : null,
    typeof page.before === 'string' ? beyond(model, keys, readCursor(model, keys, page.before), true) : null,
  ].filter((bound) => bound !== null);
  const found = await table.find(bounds.reduce(bothWheres, where), {
    orderBy: keys.map((key) => prismaOrder(model, key, backward)),
    take: size + 1,
  });
  const more = found.length > size;
  const rows = found.slice(0, size);
  if (backward) rows.reverse();
  const edges = rows.map((row) => ({ cursor: writeCursor(keys, row), node: readableRow(model, authority, row) }));
  return {
    edges,
    pageInfo: {
      hasNextPage: backward ? typeof page.before === 'string' : more,
      hasPreviousPage: backward ? more : typeof page.after === 'string',
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

function readSize({ first, last }: PageArguments): { size: number; backward: boolean } {
  if (typeof first === 'number' && typeof last === 'number') throw badPage('`first` and `last` exclude each other');
  const backward = typeof last === 'number';
  const size = (backward ? last : first) ?? pageLimits.defaultSize;
  if (size < 0 || size > pageLimits.maxSize)
    throw badPage(`\`${backward ? 'last' : 'first'}\` is ${size}; it may be 0 to ${pageLimits.maxSize}`);
  return { size, backward };
}

/** What is ordered by, completed so that no two rows are equal. */
function readOrders(orders: readonly Order[]): readonly Order[] {
  if (orders.length > pageLimits.maxOrders) throw badPage(`\`orderBy\` has more than ${pageLimits.maxOrders} entries`);
  const fields = orders.map((order) => order.field);
  if (new Set(fields).size < fields.length) throw badPage('`orderBy` names a field twice');
  return fields.includes('id') ? orders : [...orders, { field: 'id', direction: 'ASC' }];
}

function prismaOrder(model: Model, { field, direction }: Order, backward: boolean): OrderBy {
  const sort = (direction === 'ASC') !== backward ? 'asc' : 'desc';
  if (model.fields[field]?.nullable !== true) return { [field]: sort };
  // Backward, the whole order is turned round, NULLs included; Prisma's type knows only what we ask for forward.
  return { [field]: { sort, nulls: backward ? ('first' as 'last') : 'last' } };
}

/** Rows after the cursor's row in this order; before it when `reversed`. */
function beyond(model: Model, keys: readonly Order[], values: readonly Value[], reversed: boolean): Where {
  const branches: Where[] = [];
  for (const [index, { field, direction }] of keys.entries()) {
    const further = beyondValue(model, field, values[index] ?? null, (direction === 'ASC') !== reversed, reversed);
    const equals = keys.slice(0, index).map((key, before) => ({ [key.field]: { equals: values[before] ?? null } }));
    branches.push({ AND: [...equals, further] });
  }
  return { OR: branches };
}

/** NULL is the last of all: nothing lies beyond it, and it lies beyond everything. */
function beyondValue(model: Model, name: string, value: Value, ascending: boolean, reversed: boolean): Where {
  const field = model.fields[name];
  if (value === null) return reversed ? { [name]: { not: null } } : nothing;
  let further: Where = { [name]: ascending ? { gt: value } : { lt: value } };
  if (field?.kind === 'enumeration') {
    // Prisma compares no enumerations; Postgres orders them as they are declared.
    const at = field.type.values.indexOf(String(value));
    further = { [name]: { in: ascending ? field.type.values.slice(at + 1) : field.type.values.slice(0, at) } };
  }
  return field?.nullable === true && !reversed ? { OR: [further, { [name]: null }] } : further;
}

function writeCursor(keys: readonly Order[], row: Row): string {
  const values = keys.map(({ field }) => row[field] ?? null);
  return Buffer.from(JSON.stringify([orderText(keys), ...values])).toString('base64url');
}

function readCursor(model: Model, keys: readonly Order[], cursor: string): Value[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    parsed = null;
  }
  if (!Array.isArray(parsed) || parsed.length !== keys.length + 1 || parsed[0] !== orderText(keys))
    throw badPage('the cursor is not of this connection in this order');
  return keys.map(({ field }, index) => {
    const value = readCursorValue(model.fields[field], parsed[index + 1]);
    if (value === undefined) throw badPage('the cursor is not of this connection');
    return value;
  });
}

function readCursorValue(field: Field | undefined, value: unknown): Value | undefined {
  if (value === null) return field?.nullable === true ? null : undefined;
  switch (field?.kind) {
    case 'dateTime':
      return readCursorDate(value);
    case 'integer':
      return typeof value === 'number' && Math.trunc(value) === value && Math.abs(value) < 2 ** 31 ? value : undefined;
    case 'uuid':
      return typeof value === 'string' && isUuid(value) ? value : undefined;
    case 'enumeration':
      return typeof value === 'string' && field.type.values.includes(value) ? value : undefined;
    default:
      return typeof value === 'string' && isStorable(value) ? value : undefined;
  }
}

/** As `JSON.stringify` writes the dates that Postgres and we have in common: years 1 to 9999. */
function readCursorDate(value: unknown): Date | undefined {
  if (typeof value !== 'string' || !/^\d{4}-/.test(value) || value.startsWith('0000')) return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function orderText(keys: readonly Order[]): string {
  return keys.map(({ field, direction }) => `${field} ${direction}`).join();
}

function badPage(what: string) {
  return codedError('BAD_USER_INPUT', `${what}.`);
}
