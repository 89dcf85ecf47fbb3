import type { Change, ChangeRecord, Claim, JsonRow, Lost } from '@sync-hub/stream/change-record';
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

/** One committed transaction, whole, as the log brings it. A heartbeat is one without changes and without an xid. */
export interface LogTransaction {
  readonly position: LogPosition;
  readonly batch: number;
  readonly session: string;
  readonly xid: bigint | null;
  readonly at: Date;
  readonly actor: string | null;
  readonly actorSession: string | null;
  readonly mutationId: string | null;
  /** By table: one change a row. */
  readonly changes: ReadonlyMap<string, readonly RowChange[]>;
  /** Every table it wrote to, also where nothing is left of it after folding. */
  readonly tables: ReadonlySet<string>;
  /** Tables whose changes in it are not all known: truncated, or a record that could not be published. */
  readonly unknowable: ReadonlySet<string>;
}

interface AssemblerDependencies {
  /** Reads the rows of a change that was too large for the stream; gives a `lost` record when they are gone. */
  readonly resolveClaim: (claim: Claim) => Promise<Change | Lost>;
  /** Of one transaction's rows, roughly. */
  readonly maxBytes: number;
}

/**
 * Puts the records of the log together into transactions: what came since the last `last` is one.
 *
 * After `restart` (and at first) records are thrown away up to the first `last`, because the transaction they belong to
 * may have begun earlier. Of a transaction larger than `maxBytes` the rows are let go: its tables are unknowable.
 *
 * @returns `add`, which gives the transaction that `record` completes, if it completes one.
 */
export function createTransactionAssembler({ resolveClaim, maxBytes }: AssemblerDependencies) {
  let pending: ChangeRecord[] = [];
  let bytes = 0;
  /** Tables of a transaction that has grown too large. */
  let overflown: Set<string> | null = null;
  let aligned = false;

  async function keep(record: ChangeRecord) {
    if (overflown !== null) {
      if (record.kind !== 'heartbeat') overflown.add(record.table);
      return;
    }
    pending.push(record.kind === 'claim' ? await resolveClaim(record) : record);
    bytes += sizeOfRecord(record);
    if (bytes <= maxBytes) return;
    overflown = new Set(pending.map((one) => (one.kind === 'heartbeat' ? '' : one.table)));
    pending = [];
  }

  return {
    async add(record: ChangeRecord): Promise<LogTransaction | null> {
      if (!aligned) {
        aligned = record.last;
        return null;
      }
      await keep(record);
      if (!record.last) return null;
      const transaction = assemble(pending, record, overflown ?? new Set());
      pending = [];
      bytes = 0;
      overflown = null;
      return transaction;
    },
    restart() {
      pending = [];
      bytes = 0;
      overflown = null;
      aligned = false;
    },
  };
}

/** Roughly what a record's rows weigh in memory. */
function sizeOfRecord(record: ChangeRecord): number {
  return record.kind === 'change' ? 200 + sizeOfJson(record.before) + sizeOfJson(record.after) : 200;
}

function sizeOfJson(row: JsonRow | null): number {
  let bytes = 0;
  for (const value of Object.values(row ?? {})) bytes += 24 + (typeof value === 'string' ? 2 * value.length : 0);
  return bytes;
}

function assemble(
  records: readonly ChangeRecord[],
  last: ChangeRecord,
  overflown: ReadonlySet<string>,
): LogTransaction {
  const byTable = new Map<string, Change[]>();
  const tables = new Set<string>(overflown);
  const unknowable = new Set<string>(overflown);
  for (const record of records) {
    if (record.kind === 'heartbeat') continue;
    tables.add(record.table);
    if (record.kind === 'change') {
      const changes = byTable.get(record.table);
      if (changes === undefined) byTable.set(record.table, [record]);
      else changes.push(record);
    } else {
      unknowable.add(record.table);
    }
  }
  const author = last.kind === 'heartbeat' ? null : last;
  return {
    position: { epoch: last.epoch, epochId: last.epochId, seq: last.seq, tag: last.tag },
    batch: last.batch,
    session: last.session,
    xid: author === null ? null : BigInt(author.xid),
    at: new Date(last.at),
    actor: author?.actor ?? null,
    actorSession: author?.actorSession ?? null,
    mutationId: author?.mutationId ?? null,
    changes: new Map([...byTable].map(([table, changes]) => [table, foldChanges(changes)])),
    tables,
    unknowable,
  };
}
