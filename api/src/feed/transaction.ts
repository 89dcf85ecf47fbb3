import type { Change, ChangeRecord, Claim, JsonRow, JsonValue, Lost } from '@sync-hub/stream/change-record';
import { foldChanges } from './fold.ts';

/** What one transaction did to one row. `before` is null when it was made, `after` when it was deleted. */
export interface RowChange {
  readonly key: string;
  readonly before: JsonRow | null;
  readonly after: JsonRow | null;
}

/** Where a transaction stands in the log, taken from its last record. */
export interface LogPosition {
  readonly epoch: number;
  readonly epochId: string;
  readonly seq: number;
  readonly tag: string;
}

/** Ids of workspaces, or any at all. */
export type Workspaces = ReadonlySet<string> | 'any';

/** One committed transaction, whole, as the log brings it. A heartbeat is one without changes and without an xid. */
export interface LogTransaction {
  readonly position: LogPosition;
  readonly batch: number;
  readonly incarnation: string;
  readonly xid: bigint | null;
  readonly at: Date;
  readonly actor: string | null;
  readonly actorSession: string | null;
  readonly mutationId: string | null;
  /** By table: one change a row. */
  readonly changes: ReadonlyMap<string, readonly RowChange[]>;
  /** Every table it wrote to, also where nothing is left of it after folding. */
  readonly tables: ReadonlySet<string>;
  /**
   * Tables whose changes in it are not all known (truncated, a record that could not be published, too many rows to hold), and
   * of which workspaces the unknown rows are.
   */
  readonly unknowable: ReadonlyMap<string, Workspaces>;
  /** What it takes in memory, roughly. */
  readonly bytes: number;
}

/** Gives the transaction that a record completes, if it completes one. */
export interface TransactionAssembler {
  add(record: ChangeRecord): Promise<LogTransaction | null>;
  /** Throws away what comes up to the first `last`. */
  restart(): void;
}

interface AssemblerDependencies {
  /** Reads the rows of a change that was too large for the stream; gives a `lost` record when they are gone. */
  readonly resolveClaim: (claim: Claim) => Promise<Change | Lost>;
  /** Of one transaction's rows, roughly; as much again of the rows of `kept` tables. */
  readonly maxBytes: number;
  /** Tables of which nothing is let go before that: everybody depends on them. */
  readonly kept: readonly string[];
  /** The column that names a row's workspace; null where rows belong to none. */
  readonly workspaceColumn: (table: string) => string | null;
}

/**
 * Puts the records of the log together into transactions: what came since the last `last` is one.
 *
 * After `restart` (and at first) records are thrown away up to the first `last`, because the transaction they belong to
 * may have begun earlier. Of a transaction larger than `maxBytes` the rows are let go: its tables are unknowable, in the
 * workspaces that it touched.
 */
export function createTransactionAssembler({
  resolveClaim,
  maxBytes,
  kept,
  workspaceColumn,
}: AssemblerDependencies): TransactionAssembler {
  let pending: ChangeRecord[] = [];
  let bytes = 0;
  let keptBytes = 0;
  let unknowable = new Map<string, Set<string> | 'any'>();
  let hasOverflown = false;
  let aligned = false;

  function clear() {
    pending = [];
    bytes = 0;
    keptBytes = 0;
    unknowable = new Map();
    hasOverflown = false;
  }

  function letGo(record: ChangeRecord) {
    if (record.kind === 'heartbeat') return;
    const known = unknowable.get(record.table) ?? new Set<string>();
    const workspaces = record.kind === 'change' ? workspacesOf(record, workspaceColumn(record.table)) : null;
    if (workspaces === null || known === 'any') {
      unknowable.set(record.table, 'any');
    } else {
      for (const id of workspaces) known.add(id);
      unknowable.set(record.table, known);
    }
  }

  async function take(unresolved: ChangeRecord) {
    const record = unresolved.kind === 'claim' ? await resolveClaim(unresolved) : unresolved;
    const isToBeKept = isOfKeptTable(record);
    if (isToBeKept) keptBytes += sizeOf(record);
    else bytes += sizeOf(record);
    if (isToBeKept ? keptBytes > maxBytes : hasOverflown) letGo(record);
    else pending.push(record);
    if (bytes > maxBytes && !hasOverflown) overflow();
  }

  function overflow() {
    hasOverflown = true;
    for (const record of pending) if (!isOfKeptTable(record)) letGo(record);
    pending = pending.filter(isOfKeptTable);
  }

  function isOfKeptTable(record: ChangeRecord): boolean {
    return record.kind !== 'heartbeat' && kept.includes(record.table);
  }

  return {
    async add(record) {
      if (!aligned) {
        aligned = record.last;
        return null;
      }
      await take(record);
      if (!record.last) return null;
      const transaction = assemble(pending, record, unknowable, hasOverflown ? keptBytes : bytes + keptBytes);
      clear();
      return transaction;
    },
    restart() {
      clear();
      aligned = false;
    },
  };
}

/** Of the row before and after; null when they cannot be told. */
function workspacesOf({ before, after }: Change, column: string | null): string[] | null {
  if (column === null) return null;
  return [before?.[column], after?.[column]].filter((id) => typeof id === 'string');
}

/** Roughly what a value weighs in memory, in bytes. */
function sizeOf(value: ChangeRecord | JsonValue): number {
  if (typeof value === 'string') return 24 + 2 * value.length;
  if (typeof value !== 'object' || value === null) return 24;
  let bytes = 48;
  for (const part of Object.values(value)) bytes += sizeOf(part);
  return bytes;
}

/** Of a transaction without its rows, roughly. */
const transactionBytes = 1_000;

function assemble(
  records: readonly ChangeRecord[],
  last: ChangeRecord,
  overflown: ReadonlyMap<string, Workspaces>,
  bytes: number,
): LogTransaction {
  const byTable = new Map<string, Change[]>();
  const tables = new Set<string>(overflown.keys());
  const unknowable = new Map(overflown);
  for (const record of records) {
    if (record.kind === 'heartbeat') continue;
    tables.add(record.table);
    if (record.kind === 'change') {
      const changes = byTable.get(record.table);
      if (changes === undefined) byTable.set(record.table, [record]);
      else changes.push(record);
    } else {
      unknowable.set(record.table, 'any');
    }
  }
  const author = last.kind === 'heartbeat' ? null : last;
  return {
    position: { epoch: last.epoch, epochId: last.epochId, seq: last.seq, tag: last.tag },
    batch: last.batch,
    incarnation: last.incarnation,
    xid: author === null ? null : BigInt(author.xid),
    at: new Date(last.at),
    actor: author?.actor ?? null,
    actorSession: author?.actorSession ?? null,
    mutationId: author?.mutationId ?? null,
    changes: new Map([...byTable].map(([table, changes]) => [table, foldChanges(changes)])),
    tables,
    unknowable,
    bytes: bytes + transactionBytes,
  };
}
