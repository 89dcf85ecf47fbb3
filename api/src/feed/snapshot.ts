/** A Postgres snapshot: which transactions a SELECT saw. */
export interface Snapshot {
  /** Whether the transaction with this xid8 had ended before the snapshot was taken. */
  sees(xid: bigint): boolean;
  /** As Postgres writes it. */
  readonly text: string;
}

/**
 * Reads the text of `pg_current_snapshot()`: `xmin:xmax:xip,xip`.
 *
 * @see https://www.postgresql.org/docs/18/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
 */
export function parseSnapshot(text: string): Snapshot {
  const [xmin, xmax, running = ''] = text.split(':');
  if (xmin === undefined || xmax === undefined) throw new TypeError(`not a snapshot: ${text}`);
  const oldestRunning = BigInt(xmin);
  const next = BigInt(xmax);
  const inProgress = new Set(running === '' ? [] : running.split(',').map(BigInt));
  return {
    text,
    sees: (xid) => xid < oldestRunning || (xid < next && !inProgress.has(xid)),
  };
}
