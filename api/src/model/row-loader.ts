import DataLoader from 'dataloader';
import type { Authority } from '../authority/authority.ts';
import { everything, type Where } from '../authority/rules.ts';
import type { Model } from './model.ts';
import { readableRow } from './model.ts';
import { bothWheres } from './prisma-where.ts';
import type { Row } from './row.ts';
import { tableOf } from './table.ts';
import type { Database } from './transaction.ts';

/** Rows by id, many asked for in one moment read in one query. Nothing is cached: a frame's relations are read anew. */
export interface RowLoader {
  /** The row as its viewer may read it; null when it is absent or not visible. */
  visible(model: Model, id: string): Promise<Row | null>;
  /** The row whoever asks: for what is public wherever it is named. */
  any(model: Model, id: string): Promise<Row | null>;
}

export function createRowLoader(database: Database, authority: () => Promise<Authority>): RowLoader {
  function loaders(restrict: (model: Model) => Promise<{ where: Where; present: (row: Row) => Row }>) {
    const byModel = new Map<Model, DataLoader<string, Row | null>>();
    return (model: Model, id: string) => {
      let loader = byModel.get(model);
      if (loader === undefined) {
        const load = async (ids: readonly string[]) => {
          const { where, present } = await restrict(model);
          const rows = await tableOf(model, database).find(bothWheres({ id: { in: [...new Set(ids)] } }, where));
          const byId = new Map(rows.map((row) => [row['id'], present(row)]));
          return ids.map((wanted) => byId.get(wanted) ?? null);
        };
        loader = new DataLoader(load, { cache: false });
        byModel.set(model, loader);
      }
      return loader.load(id);
    };
  }
  return {
    visible: loaders(async (model) => {
      const viewers = await authority();
      return { where: model.policy.read.where(viewers), present: (row) => readableRow(model, viewers, row) };
    }),
    any: loaders(async () => ({ where: everything, present: (row) => row })),
  };
}
