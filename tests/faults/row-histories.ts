import type { Transaction } from './replay.ts';
import { type ModelName, type Row, type RowState, stateOfRow } from './rows.ts';

/** A row after some transaction; null: it was deleted. */
export interface RowEntry {
  readonly index: number;
  readonly xid: bigint;
  readonly row: Row | null;
}

/** Every row that ever was, with all it has been. */
export type RowHistories = ReadonlyMap<ModelName, ReadonlyMap<string, readonly RowEntry[]>>;

export function readRowHistories(transactions: readonly Transaction[]): RowHistories {
  const histories = new Map<ModelName, Map<string, RowEntry[]>>();
  for (const { index, xid, changes } of transactions) {
    for (const { model, key, after } of changes) {
      const rows = histories.get(model) ?? new Map<string, RowEntry[]>();
      histories.set(model, rows);
      const entries = rows.get(key) ?? [];
      rows.set(key, entries);
      entries.push({ index, xid: BigInt(xid), row: after });
    }
  }
  return histories;
}

const states = new WeakMap<Row, RowState>();

/** {@link stateOfRow}, computed once a row. */
export function stateOf(model: ModelName, row: Row): RowState {
  const known = states.get(row);
  if (known !== undefined) return known;
  const state = stateOfRow(model, row);
  states.set(row, state);
  return state;
}

export function isSameState(one: RowState | null | undefined, other: RowState | null | undefined): boolean {
  return one?.version === other?.version && one?.hash === other?.hash;
}
