import { waitFor } from '@sync-hub/dev/wait-for';
import type { ChangeRecord } from '@sync-hub/stream/change-record';
import type { Position } from '@sync-hub/stream/stream';
import type { Hub } from './hub.ts';

/** What one reader of the stream was told. */
export interface Followed {
  readonly records: ChangeRecord[];
  /** Gaps, and what could not be read. */
  readonly complaints: unknown[];
  /** How often the store held a record again. */
  readonly repeated: () => number;
  /** Resolves when it was told the last change that relays have published by now. */
  untilHere(): Promise<void>;
}

/** Reads the log as an API process does, beginning with the earliest record or after a position. */
export async function followLog(hub: Hub, from: Position | 'earliest' = 'earliest'): Promise<Followed> {
  const records: ChangeRecord[] = [];
  const complaints: unknown[] = [];
  let repeated = 0;
  await (await hub.openStream()).read(from, {
    record: (record) => void records.push(record),
    gap: (gap) => void complaints.push(gap),
    unreadable: (error) => void complaints.push(error),
    repeated() {
      repeated += 1;
    },
  });
  return {
    records,
    complaints,
    repeated: () => repeated,
    async untilHere() {
      const seq = hub.stream.changes().at(-1)?.seq ?? 0;
      await waitFor(() => (records.at(-1)?.seq ?? 0) >= seq || complaints.length > 0, {
        what: `record ${seq}`,
        timeoutMs: 30_000,
      });
    },
  };
}
