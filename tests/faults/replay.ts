import { setImmediate } from 'node:timers/promises';
import type { LogRecord } from './log-copy.ts';
import { type ModelName, modelOfTable, type Row } from './rows.ts';

/** What one transaction did to one row, from its beginning to its end. */
export interface RowChange {
  readonly model: ModelName;
  readonly key: string;
  readonly before: Row | null;
  readonly after: Row | null;
}

/** A transaction at its place in the log. */
export interface Transaction {
  readonly index: number;
  readonly xid: string;
  readonly batch: number;
  /** Of its last record. */
  readonly seq: number;
  readonly at: number;
  readonly arrivedAt: number;
  readonly changes: readonly RowChange[];
  readonly truncated: readonly ModelName[];
}

export type Tables = ReadonlyMap<ModelName, ReadonlyMap<string, Row>>;

export interface Replayed {
  readonly transactions: readonly Transaction[];
  /** The rows after the last. */
  readonly tables: Tables;
  /** Where the log contradicts itself: a record's `before` that is not the row before it, a transaction in two parts. */
  readonly problems: readonly string[];
}

/** So many records at a stretch: the proxies of the run are in this process, and would stand still. */
const STRETCH = 500;

/** Reads the whole log from its first record: what each transaction did, and the tables it leads to. */
export async function replay(records: readonly LogRecord[]): Promise<Replayed> {
  const tables = new Map<ModelName, Map<string, Row>>();
  const transactions: Transaction[] = [];
  const problems: string[] = [];
  const seen = new Set<string>();
  let open: LogRecord[] = [];
  for (const [index, record] of records.entries()) {
    if (index % STRETCH === 0) await setImmediate();
    if (record.kind === 'heartbeat') continue;
    if (record.kind === 'lost') problems.push(`a change was parked at ${record.seq}`);
    if (open[0] !== undefined && open[0].xid !== record.xid)
      problems.push(`${open[0].xid} is not closed when ${record.xid} begins at ${record.seq}`);
    open.push(record);
    if (!record.last) continue;
    if (seen.has(record.xid))
      problems.push(`transaction ${record.xid} comes in two parts, the second at ${record.seq}`);
    seen.add(record.xid);
    transactions.push(applyTransaction(open, transactions.length, tables, problems));
    open = [];
  }
  return { transactions, tables, problems };
}

function applyTransaction(
  records: readonly LogRecord[],
  index: number,
  tables: Map<ModelName, Map<string, Row>>,
  problems: string[],
): Transaction {
  const befores = new Map<string, { model: ModelName; key: string; before: Row | null }>();
  const truncated: ModelName[] = [];
  for (const record of chained(records, tables)) {
    const model = modelOfTable(record.table);
    if (model === undefined) continue;
    const table = tables.get(model) ?? new Map<string, Row>();
    tables.set(model, table);
    if (record.kind === 'truncate') {
      truncated.push(model);
      for (const [key, before] of table) note(befores, model, key, before);
      table.clear();
      continue;
    }
    const before = table.get(record.key) ?? null;
    note(befores, model, record.key, before);
    if (!isSameRow(before, record.before))
      problems.push(
        `record ${record.seq} (${record.op} of ${record.table} ${record.key}) does not follow from the row before it: ` +
          `version ${record.before?.['version'] ?? 'none'} after ${before?.['version'] ?? 'none'}`,
      );
    if (record.after === null) table.delete(record.key);
    else table.set(record.key, record.after);
  }
  const changes = [...befores.values()].flatMap(({ model, key, before }): RowChange[] => {
    const after = tables.get(model)?.get(key) ?? null;
    return isSameRow(before, after) ? [] : [{ model, key, before, after }];
  });
  const last = records.at(-1);
  return {
    index,
    xid: last?.xid ?? '',
    batch: last?.batch ?? 0,
    seq: last?.seq ?? 0,
    at: Math.min(...records.map(({ at }) => at)),
    arrivedAt: last?.arrivedAt ?? 0,
    changes,
    truncated,
  };
}

/**
 * The records of a transaction, those of one row in the order in which each follows from the one before. It differs from
 * theirs where a trigger has written a row again: the inner change is captured first.
 */
function chained(records: readonly LogRecord[], tables: Tables): LogRecord[] {
  const left = [...records];
  const rows = new Map<string, Row | null>();
  const rowOf = ({ table, key }: LogRecord) => {
    const model = modelOfTable(table);
    return (
      rows.get(`${table}:${key}`) ??
      (rows.has(`${table}:${key}`) || model === undefined ? null : (tables.get(model)?.get(key) ?? null))
    );
  };
  const inOrder: LogRecord[] = [];
  while (left.length > 0) {
    const [first] = left;
    if (first === undefined) break;
    const isOfFirst = (one: LogRecord) => one.table === first.table && one.key === first.key;
    const next = left.findIndex((one) => isOfFirst(one) && isSameRow(one.before, rowOf(first)));
    const [record = first] = left.splice(Math.max(next, 0), 1);
    inOrder.push(record);
    rows.set(`${record.table}:${record.key}`, record.after);
  }
  return inOrder;
}

function isSameRow(one: Row | null, other: Row | null): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

function note(
  befores: Map<string, { model: ModelName; key: string; before: Row | null }>,
  model: ModelName,
  key: string,
  before: Row | null,
): void {
  const id = `${model}:${key}`;
  if (!befores.has(id)) befores.set(id, { model, key, before });
}
