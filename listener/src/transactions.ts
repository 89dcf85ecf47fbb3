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
 * The transactions that committed between two snapshots, in the order of the log: by the largest outbox id that each wrote.
 *
 * A transaction that changes a row after another has committed its change comes after it: all ids of the other were given
 * out before. By xid (given out at a transaction's first write) or by id (which transactions take in turns) that is not so.
 *
 * Each window is one statement, hence one snapshot of the database. Nothing is held open in between, so that a stream that
 * is away for hours does not keep the database from being vacuumed.
 *
 * @param held  the number of the newest batch, if it has to be that still. While it is, no row of it, nor of the kept ones
 *   before it, can have been cleaned up.
 * @throws {FencedOffError} when there is a newer batch than `held`.
 */
export async function* transactionsBetween(
  query: Query,
  { from, to, held }: { readonly from: string; readonly to: string; readonly held?: number },
): AsyncGenerator<readonly Transaction[]> {
  let after = '0';
  for (;;) {
    const [row] = await query<WindowRow>(windowSql, [from, to, after, WINDOW]);
    if (row === undefined) throw new Error('an aggregate has returned no row');
    if (held !== undefined && Number(row.newest) !== held) {
      throw new FencedOffError(`another relay has gone on from batch ${held}`);
    }
    const transactions = row.xids.map((xid, index) => ({
      xid,
      lastId: row.lastIds[index] ?? '',
      rows: Number(row.counts[index]),
    }));
    yield transactions;
    if (transactions.length < WINDOW) return;
    after = transactions.at(-1)?.lastId ?? after;
  }
}

interface WindowRow {
  readonly newest: string | null;
  readonly xids: readonly string[];
  readonly lastIds: readonly string[];
  readonly counts: readonly string[];
}

const windowSql = `
  SELECT (SELECT max(batch) FROM sync.batch) AS newest,
         coalesce(array_agg(xid::text ORDER BY last_id), '{}') AS xids,
         coalesce(array_agg(last_id::text ORDER BY last_id), '{}') AS "lastIds",
         coalesce(array_agg(rows::text ORDER BY last_id), '{}') AS counts
  FROM (
    SELECT xid, max(id) AS last_id, count(*) AS rows
    FROM sync.committed_between($1, $2)
    GROUP BY xid HAVING max(id) > $3
    ORDER BY last_id LIMIT $4
  ) AS transactions`;

/** Cuts transactions into runs of at most `maxRows` rows, in their order; one with more rows than that is a run of its own. */
export function* cutIntoRuns(transactions: readonly Transaction[], maxRows: number): Generator<readonly Transaction[]> {
  let run: Transaction[] = [];
  let rows = 0;
  for (const transaction of transactions) {
    if (run.length > 0 && rows + transaction.rows > maxRows) {
      yield run;
      run = [];
      rows = 0;
    }
    run.push(transaction);
    rows += transaction.rows;
  }
  if (run.length > 0) yield run;
}

export function countRows(transactions: readonly Transaction[]): number {
  return transactions.reduce((sum, { rows }) => sum + rows, 0);
}
