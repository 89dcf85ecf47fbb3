import { waitFor } from '@sync-hub/dev/wait-for';
import type { ChangeRecord } from '../change-record.ts';
import type { Position, Sink } from '../stream.ts';

/**
 * A sink that notes what it is told, one line a call: `1/7` for record 7 of epoch 1, `gap 1/7 → 1/9`, `unreadable`.
 * Repetitions, which only some stores hold, are noted apart.
 */
export interface Collected extends Sink {
  readonly told: string[];
  readonly records: ChangeRecord[];
  readonly errors: Error[];
  readonly repeats: string[];
  /** Resolves when the record was told. */
  until(seq: number, epoch?: number): Promise<void>;
}

export function collect(onRecord: (record: ChangeRecord) => void | Promise<void> = () => {}): Collected {
  const told: string[] = [];
  const records: ChangeRecord[] = [];
  const errors: Error[] = [];
  const repeats: string[] = [];
  return {
    told,
    records,
    errors,
    repeats,
    record(record) {
      told.push(place(record));
      records.push(record);
      return onRecord(record);
    },
    gap({ after, next }) {
      told.push(`gap ${place(after)} → ${place(next)}`);
    },
    unreadable(error) {
      told.push('unreadable');
      errors.push(error);
    },
    repeated(position) {
      repeats.push(place(position));
    },
    async until(seq, epoch = 1) {
      const line = place({ epoch, seq });
      await waitFor(() => told.includes(line), { what: `record ${line}; told were ${told.slice(-5).join(', ')}` });
    },
  };
}

/** The lines of the records from one `seq` to another, both included. */
export function places(first: number, last: number, epoch = 1): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => place({ epoch, seq: first + index }));
}

function place({ epoch, seq }: Position): string {
  return `${epoch}/${seq}`;
}
