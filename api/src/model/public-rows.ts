import type { Query } from '@sync-hub/prisma/query';
import { createBatch } from '../batch.ts';
import type { Model } from './model.ts';
import { perModel } from './per-model.ts';
import { fieldColumns, rowFromFields } from './record-row.ts';
import type { Row } from './row.ts';

/** The row whoever asks, null when there is none: for what is public wherever it is named. @param id  a UUID. */
export type PublicRows = (model: Model, id: string) => Promise<Row | null>;

/** Reads what all requests and frames of one turn name in one statement: an answer that anybody may have can be shared. */
export function createPublicRows(query: Query): PublicRows {
  const batchOf = perModel((model) => {
    // Planned once a connection, for any number of ids and rows: see look.ts.
    const text = `
      SELECT ${fieldColumns(model, 'named')}
        FROM unnest((SELECT $1::uuid[])) AS wanted (id)
       CROSS JOIN LATERAL (SELECT * FROM ${model.table} WHERE id = wanted.id OFFSET 0) AS named`;
    return createBatch(async (ids: readonly string[]) => {
      const rows = await query<Readonly<Record<string, unknown>>>(text, [...new Set(ids)]);
      const byId = new Map(rows.map((row) => [row['id'], rowFromFields(model, row)]));
      return ids.map((id) => byId.get(id) ?? null);
    });
  });
  return (model, id) => batchOf(model)(id);
}
