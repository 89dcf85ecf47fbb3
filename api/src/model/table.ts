import type { Where } from '../authority/rules.ts';
import type { Model, Values } from './model.ts';
import { rowFromFields } from './record-row.ts';
import type { Row } from './row.ts';
import type { Database } from './transaction.ts';

/** Prisma's order, one key a column. */
export type OrderBy = {
  readonly [field: string]: 'asc' | 'desc' | { readonly sort: 'asc' | 'desc'; readonly nulls: 'last' };
};

/** A model's table, whichever model it is. */
export interface Table {
  find(where: Where, options?: { orderBy?: readonly OrderBy[]; take?: number }): Promise<Row[]>;
  findOne(where: Where): Promise<Row | null>;
  create(values: Values): Promise<Row>;
  update(id: string, values: Values): Promise<Row>;
  delete(id: string): Promise<void>;
  /**
   * Waits until no other transaction writes the row, and keeps others waiting; those that only refer to it, unless it is
   * `forDelete`, are not kept.
   */
  lock(id: string, forDelete: boolean): Promise<void>;
}

type Found = Record<string, unknown>;

/** The part of Prisma's delegates that is used here; each is typed for its own model, which generic code cannot name. */
interface Delegate {
  findMany(args: { where: Where; orderBy?: readonly OrderBy[]; take?: number }): Promise<Found[]>;
  findFirst(args: { where: Where }): Promise<Found | null>;
  create(args: { data: Values }): Promise<Found>;
  update(args: { where: { id: string }; data: Values }): Promise<Found>;
  delete(args: { where: { id: string } }): Promise<Found>;
}

export function tableOf(model: Model, database: Database): Table {
  // The one cast of its kind: what it claims is tested for every model that is declared.
  const delegate = (database as unknown as Record<string, Delegate | undefined>)[model.singular];
  if (delegate === undefined) throw new TypeError(`prisma/schema.prisma has no model ${model.name}`);
  const toRow = (found: Found) => rowFromFields(model, found);
  return {
    find: async (where, options) => (await delegate.findMany({ where, ...options })).map(toRow),
    async findOne(where) {
      const found = await delegate.findFirst({ where });
      return found === null ? null : toRow(found);
    },
    create: async (values) => toRow(await delegate.create({ data: values })),
    update: async (id, values) => toRow(await delegate.update({ where: { id }, data: values })),
    async delete(id) {
      await delegate.delete({ where: { id } });
    },
    async lock(id, forDelete) {
      // The table's name is our own declaration, never input.
      const strength = forDelete ? 'UPDATE' : 'NO KEY UPDATE';
      await database.$queryRawUnsafe(`SELECT 1 FROM ${model.table} WHERE id = $1::uuid FOR ${strength}`, id);
    },
  };
}
