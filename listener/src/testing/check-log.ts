import type { Change, ChangeRecord, JsonRow } from '@sync-hub/stream/change-record';

/** What is wrong with a log, as counts: all must be 0. */
export interface LogFaults {
  /** A change whose `before` is not the `after` of the change before it of the same row. */
  brokenChains: number;
  /** A row whose `version` does not rise. */
  backwards: number;
  /** A transaction with records of others between its own, or going on after its `last`. */
  splitTransactions: number;
  /** A transaction whose `last` is missing. */
  unendedTransactions: number;
}

/** The rows at the end of the log, by table and key. */
export type Rows = ReadonlyMap<string, JsonRow>;

/** Replays a log from the beginning of all its tables. */
export function checkLog(records: readonly ChangeRecord[]): { faults: LogFaults; rows: Rows } {
  const faults: LogFaults = { brokenChains: 0, backwards: 0, splitTransactions: 0, unendedTransactions: 0 };
  const rows = new Map<string, JsonRow>();
  const ended = new Set<string>();
  let open: string | null = null;

  for (const record of records) {
    const xid = 'xid' in record ? record.xid : `heartbeat ${record.seq}`;
    if (ended.has(xid)) faults.splitTransactions += 1;
    if (open !== null && open !== xid) faults.unendedTransactions += 1;
    open = record.last ? null : xid;
    if (record.last) ended.add(xid);
    if (record.kind === 'change') replay(record, rows, faults);
  }
  if (open !== null) faults.unendedTransactions += 1;
  return { faults, rows };
}

export const NO_FAULTS: LogFaults = { brokenChains: 0, backwards: 0, splitTransactions: 0, unendedTransactions: 0 };

/** The places of the log to which different records were published, ever: by two relays, or by one before and after a crash. */
export function twoContents(stored: readonly ChangeRecord[]): string[] {
  const contents = new Map<string, string>();
  const places = new Set<string>();
  for (const record of stored) {
    const place = `${record.epoch}/${record.seq}`;
    const text = JSON.stringify(record);
    if ((contents.get(place) ?? text) !== text) places.add(place);
    contents.set(place, text);
  }
  return [...places];
}

function replay(change: Change, rows: Map<string, JsonRow>, faults: LogFaults): void {
  const name = `${change.table} ${change.key}`;
  const known = rows.get(name) ?? null;
  if (JSON.stringify(known) !== JSON.stringify(change.before)) faults.brokenChains += 1;
  if (known !== null && change.after !== null && Number(change.after['version']) <= Number(known['version'])) {
    faults.backwards += 1;
  }
  if (change.after === null) rows.delete(name);
  else rows.set(name, change.after);
}
