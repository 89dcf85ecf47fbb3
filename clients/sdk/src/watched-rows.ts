import type { SyncError } from './sync-error.ts';

/** Data of `watch…` fields alone: the frames of other subscriptions do not bring the rows that were there before. */
export type WatchOf<Data> = { readonly [Field in keyof Data]: Field extends `watch${string}` ? object : never };

/** The rows that a `watch…` subscription's data brings. */
export type RowOf<Data> = Data[keyof Data] extends { readonly changes: readonly (infer Change)[] }
  ? Change extends { readonly row?: infer Row }
    ? NonNullable<Row>
    : never
  : never;

export interface RowsObserver<Row> {
  /**
   * All rows, in the order in which they came, whenever they are up to date. Not up to date: the log stands still, and
   * these, the last that were, may be old until the next call.
   */
  rows(rows: readonly Row[], isUpToDate: boolean): void;
  /** The rows may be old until they are told again; nothing is to be done. */
  interrupted?(why: SyncError): void;
  /** The end. With `endsSession` it helps to sign in again. */
  error(error: SyncError): void;
  /** The end, without a reason. */
  complete?(): void;
}

/** As much of a frame as this needs. */
interface RowsFrame<Row> {
  readonly reset: boolean;
  readonly upToDate: boolean;
  readonly transaction?: unknown;
  readonly changes: readonly { readonly operation: string; readonly key: string; readonly row?: Row | null }[];
}

/**
 * Makes rows of a watch's frames. Half a snapshot, or half a transaction, is never told.
 *
 * @returns the observer to subscribe with.
 */
export function collectRows<Data extends object>(observer: RowsObserver<RowOf<Data>>) {
  const held = new Map<string, RowOf<Data>>();
  let told: readonly RowOf<Data>[] = [];

  return {
    next(data: Data) {
      const [frame] = Object.values(data) as RowsFrame<RowOf<Data>>[];
      if (frame === undefined) return;
      if (frame.reset) held.clear();
      for (const { operation, key, row } of frame.changes) {
        if (operation === 'DELETED') held.delete(key);
        else if (row) held.set(key, row);
      }
      if (frame.upToDate) {
        told = [...held.values()];
        observer.rows(told, true);
      } else if (!frame.reset && !frame.transaction && frame.changes.length === 0) observer.rows(told, false);
    },
    interrupted: (why: SyncError) => observer.interrupted?.(why),
    error: (error: SyncError) => observer.error(error),
    complete: () => observer.complete?.(),
  };
}
