import type { Batch } from './batch.ts';
import type { Query } from './connection.ts';
import { FencedOffError } from './fence.ts';

export interface Transaction {
  readonly xid: string;
  /** The largest outbox id it wrote. */
  readonly lastId: string;
  readonly rows: number;
}

/** Transactions held in memory at a time, about 5 MB. Each window reads the batch's index entries once more. */
const WINDOW = 50_000;

/**
 * The transactions of a batch, in the order of the log: by the largest outbox id that each of them wrote.
 *
 * A transaction that changes a row after another has committed its change comes after it: all ids of the other were given
 * out before. By xid (given out at a transaction's first write) or by id (which transactions take in turns) that is not so.
 *
 * Each window is one statement, hence one snapshot, which also shows whether `held` is still the newest batch. While it is,
 * no row of it, nor of the kept ones before it, can have been cleaned up. Nothing is held open in between, so that a stream
 * that is away for hours does not keep the database from being vacuumed.
 *
 * @param held  the number of the newest batch, which may be `batch` itself.
 * @throws {FencedOffError} when there is a newer batch than `held`.
 */
export async function* transactionsOf(
  query: Query,
  batch: Batch,
  held: number,
): AsyncGenerator<readonly Transaction[]> {
  let after = '0';
  for (;;) {
    const [row] = await query<WindowRow>(windowSql, [batch.from, batch.to, after, WINDOW, held]);
    if (row === undefined || !row.isNewest) throw new FencedOffError(`another relay has gone on from batch ${held}`);
    const transactions = row.xids.map((xid, index) => ({
      xid,
      lastId: row.lastIds[index] ?? '',
      rows: Number(row.counts[index]),
    }));
    const last = transactions.at(-1);
    if (last === undefined) return;
    yield transactions;
    if (transactions.length < WINDOW) return;
    after = last.lastId;
  }
}

interface WindowRow {
  readonly isNewest: boolean;
  readonly xids: readonly string[];
  readonly lastIds: readonly string[];
  readonly counts: readonly string[];
}

const windowSql = `
  SELECT (SELECT max(batch) FROM sync.batch) = $5 AS "isNewest",
         coalesce(array_agg(xid::text ORDER BY last_id), '{}') AS xids,
         coalesce(array_agg(last_id::text ORDER BY last_id), '{}') AS "lastIds",
         coalesce(array_agg(rows::text ORDER BY last_id), '{}') AS counts
  FROM (
    SELECT xid, max(id) AS last_id, count(*) AS rows
    FROM sync.committed_between($1, $2)
    GROUP BY xid HAVING max(id) > $3
    ORDER BY last_id LIMIT $4
  ) AS transactions`;
