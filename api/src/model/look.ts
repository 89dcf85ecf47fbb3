import type { Query } from '@sync-hub/prisma/query';
import type { Authority } from '../authority/authority.ts';
import { authorityFrom, type ViewerColumns, viewerColumns } from '../authority/load.ts';
import { createBatch } from '../batch.ts';
import type { Model } from './model.ts';
import { claimedColumn } from './mutation-claim.ts';
import { perModel } from './per-model.ts';
import { fieldColumns, rowFromFields } from './record-row.ts';
import type { Row } from './row.ts';

/** What a write has to know before it is judged. All are UUIDs. */
interface Call {
  readonly viewerId: string;
  readonly mutationId: string | null;
  /** Of the row that is written; null when it is to be created. */
  readonly id: string | null;
}

/** As of one snapshot. */
export interface Seen {
  readonly authority: Authority;
  /** Whether the viewer has used the mutationId before. */
  readonly isClaimed: boolean;
  /** Null when there is none with this id, or none was asked for. Whether the viewer may see it is not said. */
  readonly row: Row | null;
  /** The transaction that wrote the row as it is (`xmin`): no two versions of a row have the same. */
  readonly rowVersion: string | null;
}

/** Looks at all that a write is judged by, for all writes of one turn in one statement. */
export type Look = (model: Model, call: Call) => Promise<Seen>;

export function createLook(query: Query): Look {
  const batchOf = perModel((model) => {
    const text = lookSql(model);
    return createBatch((calls: readonly Call[]) => lookAt(query, text, model, calls));
  });
  return (model, call) => batchOf(model)(call);
}

type Found = ViewerColumns & { readonly isClaimed: boolean; readonly rowVersion: string | null };

async function lookAt(query: Query, text: string, model: Model, calls: readonly Call[]): Promise<readonly Seen[]> {
  const found = await query<Found>(
    text,
    calls.map(({ viewerId }) => viewerId),
    calls.map(({ mutationId }) => mutationId),
    calls.map(({ id }) => id),
  );
  return calls.map(({ viewerId }, index) => {
    const seen = found[index];
    if (seen === undefined) throw new Error('a call was not looked at');
    const { isClaimed, rowVersion } = seen;
    const row = rowVersion === null ? null : rowFromFields(model, { ...seen });
    return { authority: authorityFrom(viewerId, seen), isClaimed, row, rowVersion };
  });
}

/**
 * Postgres plans this once a connection, or planning would cost more than looking does: hidden in a
 * SELECT, arrays of every length are planned alike. OFFSET 0 has each row looked up by its id, however small the table was then.
 */
function lookSql(model: Model): string {
  return `
    SELECT ${viewerColumns}, ${claimedColumn('viewer.mutation_id')} AS "isClaimed",
           target.xmin::text AS "rowVersion", ${fieldColumns(model, 'target')}
      FROM unnest((SELECT $1::uuid[]), (SELECT $2::uuid[]), (SELECT $3::uuid[]))
           WITH ORDINALITY AS viewer (id, mutation_id, target_id, place)
      LEFT JOIN LATERAL (SELECT xmin, * FROM ${model.table} WHERE id = viewer.target_id OFFSET 0) target ON true
     ORDER BY place`;
}
