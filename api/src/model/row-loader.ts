import DataLoader from 'dataloader';
import type { Authority } from '../authority/authority.ts';
import type { Model } from './model.ts';
import { readableRow } from './model.ts';
import { perModel } from './per-model.ts';
import { bothWheres } from './prisma-where.ts';
import type { PublicRows } from './public-rows.ts';
import type { Row } from './row.ts';
import { tableOf } from './table.ts';
import type { Database } from './transaction.ts';

/** Rows by id, many asked for in one moment read in one query. Nothing is cached: a frame's relations are read anew. */
export interface RowLoader {
  /** The row as its viewer may read it; null when it is absent or not visible. */
  visible(model: Model, id: string): Promise<Row | null>;
  readonly any: PublicRows;
}

export function createRowLoader(
  { prisma, publicRows }: { readonly prisma: Database; readonly publicRows: PublicRows },
  authority: () => Promise<Authority>,
): RowLoader {
  const loaderOf = perModel((model) => {
    const load = async (ids: readonly string[]) => {
      const viewer = await authority();
      const wanted = bothWheres({ id: { in: [...new Set(ids)] } }, model.policy.read.where(viewer));
      const rows = await tableOf(model, prisma).find(wanted);
      const byId = new Map(rows.map((row) => [row['id'], readableRow(model, viewer, row)]));
      return ids.map((id) => byId.get(id) ?? null);
    };
    return new DataLoader(load, { cache: false });
  });
  return { visible: (model, id) => loaderOf(model).load(id), any: publicRows };
}
