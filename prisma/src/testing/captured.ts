/** One row of sync.outbox; `old` and `new` as the JSON text that was captured. */
export interface CapturedRow {
  readonly id: string;
  readonly xid: string;
  readonly table: string;
  readonly op: 'I' | 'U' | 'D' | 'T';
  readonly key: string | null;
  readonly scope: string | null;
  readonly old: string | null;
  readonly new: string | null;
}

/** What a transaction did to one row in all, whatever number of records it took. */
export interface FoldedChange {
  readonly table: string;
  readonly op: 'I' | 'U' | 'D' | 'T';
  readonly key: string | null;
  readonly before: string | null;
  readonly after: string | null;
}

type Query = <Row extends object>(sql: string, params?: readonly unknown[]) => Promise<Row[]>;

/** Everything captured after an outbox id, in the order of the log: transactions by the largest id of each, rows of one by id. */
export function readCaptured(query: Query, afterId = '0'): Promise<CapturedRow[]> {
  return query<CapturedRow>(
    `SELECT id::text, xid::text, "table", op, key, scope, old::text, new::text FROM sync.outbox
     WHERE id > $1 ORDER BY (max(id) OVER (PARTITION BY xid)), outbox.id`,
    [afterId],
  );
}

/** The transactions of the log, each as its folded changes. */
export function foldTransactions(rows: readonly CapturedRow[]): FoldedChange[][] {
  return groupBy(rows, (row) => row.xid).map(foldTransaction);
}

/**
 * Folds a transaction's records along each row's chain: it began as the one `old` that is no record's `new`, and ends as
 * the one `new` that is no record's `old`, an absent row counting as an image like any other.
 *
 * @throws Error when the records of a row are no chain: one is missing, doubled or invented.
 * @see docs/data-flow.md, "Capture"
 */
function foldTransaction(rows: readonly CapturedRow[]): FoldedChange[] {
  const truncated = new Map(rows.filter((row) => row.op === 'T').map((row) => [row.table, row]));
  const surviving = rows.filter((row) => row.op !== 'T' && BigInt(row.id) > BigInt(truncated.get(row.table)?.id ?? 0));
  const chains = groupBy(surviving, (row) => JSON.stringify([row.table, row.key]));

  return [
    ...[...truncated.keys()].map((table) => ({ table, op: 'T' as const, key: null, before: null, after: null })),
    ...chains.flatMap((chain) => {
      const { table, key } = chain[0] as CapturedRow;
      const [before, after] = [
        without(images(chain, 'old'), images(chain, 'new')),
        without(images(chain, 'new'), images(chain, 'old')),
      ];
      if (before.length === 0 && after.length === 0) return [];
      const [first, last] = [before[0], after[0]];
      if (first === undefined || last === undefined || before.length + after.length !== 2) {
        throw new Error(`The records of ${table} ${key} are no chain: ${JSON.stringify(chain)}`);
      }
      return [
        { table, op: first === null ? 'I' : last === null ? 'D' : 'U', key, before: first, after: last } as const,
      ];
    }),
  ];
}

/**
 * What a client would hold that began with empty tables and applied every transaction: rows by table and key.
 *
 * @throws Error when a change does not fit what it meets: something was lost, doubled or out of order.
 */
export function replay(transactions: readonly FoldedChange[][]): Map<string, Map<string | null, string>> {
  const tables = new Map<string, Map<string | null, string>>();
  for (const change of transactions.flat()) {
    const rows = tables.get(change.table) ?? new Map<string | null, string>();
    tables.set(change.table, rows);
    if (change.op === 'T') rows.clear();
    else if ((rows.get(change.key) ?? null) !== change.before) {
      throw new Error(
        `${change.table} ${change.key} was ${rows.get(change.key)} when this came: ${JSON.stringify(change)}`,
      );
    } else if (change.after === null) rows.delete(change.key);
    else rows.set(change.key, change.after);
  }
  return tables;
}

/** The rows a table really holds, as `replay` gives them: JSON text in UTC, sorted. */
export async function readTable(query: Query, table: string): Promise<string[]> {
  // timestamptz in row_to_json follows the session, which is set for this one statement.
  const rows = await query<{ row: string }>(
    `SELECT row_to_json(t)::text AS row FROM ${table} AS t, set_config('TimeZone', 'UTC', true) AS utc ORDER BY 1`,
  );
  return rows.map(({ row }) => row).sort();
}

function images(chain: readonly CapturedRow[], side: 'old' | 'new'): (string | null)[] {
  return chain.map((row) => row[side]);
}

/** In the order of each group's first. */
function groupBy<T>(all: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of all) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
}

/** Multiset difference. */
function without<T>(all: readonly T[], taken: readonly T[]): T[] {
  const rest = [...all];
  for (const item of taken) {
    const at = rest.indexOf(item);
    if (at !== -1) rest.splice(at, 1);
  }
  return rest;
}
