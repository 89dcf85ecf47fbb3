import type { ChangeRecord } from './change-record.ts';
import { parseRecord } from './parse-record.ts';
import { createSequence, type Standing } from './sequence.ts';
import type { Position, Sink } from './stream.ts';
import type { StreamLog } from './stream-log.ts';

/** What a value of the store turned out to be. */
export type Arrival =
  | { readonly standing: Standing; readonly record: ChangeRecord }
  | { readonly standing: 'unreadable'; readonly error: Error };

/**
 * The last step of every reader: values in, calls of the sink out, one at a time.
 *
 * A sink that throws or rejects is logged and loses that one record; it never ends the reader. After `close` the sink
 * is not called again, and a delivery that waits for it is let go.
 */
export interface Delivery {
  /** Reads a value and judges it; nothing is told yet. A null value is a Kafka tombstone. */
  examine(value: string | null): Arrival;
  /** Tells a record that is `next` or a `gap` (the gap first), and waits for the sink. */
  deliver(record: ChangeRecord): Promise<void>;
  tellUnreadable(error: Error): void;
  /** Tells of a record that is `seen` and is dropped. */
  tellRepeated(record: Position): void;
  /** The last record delivered, or where the reader started. */
  position(): Position | null;
  close(): void;
}

export function createDelivery({ from, sink, log }: { from: Position | null; sink: Sink; log: StreamLog }): Delivery {
  const sequence = createSequence(from);
  let closed = false;
  let letGo = () => {};

  async function tell(call: () => void | Promise<void>): Promise<void> {
    try {
      const pending = call();
      // Not Promise.race with one promise for "closed": that would keep a reaction of every record for ever.
      if (pending !== undefined) {
        await new Promise<void>((resolve, reject) => {
          letGo = resolve;
          pending.then(resolve, reject);
        });
      }
    } catch (error) {
      log.error({ err: error, position: sequence.position() }, 'a sink of the stream failed; its reader goes on');
    }
  }

  return {
    examine(value) {
      try {
        const record = parseRecord(value ?? '');
        return { standing: sequence.judge(record), record };
      } catch (error) {
        return { standing: 'unreadable', error: error instanceof Error ? error : new Error(String(error)) };
      }
    },
    async deliver(record) {
      const after = sequence.position();
      if (after !== null && sequence.judge(record) === 'gap' && !closed) {
        void tell(() => sink.gap({ after, next: { epoch: record.epoch, seq: record.seq } }));
      }
      if (closed) return; // Perhaps by what the sink did about the gap.
      sequence.advance(record);
      await tell(() => sink.record(record));
    },
    tellUnreadable(error) {
      if (!closed) void tell(() => sink.unreadable(error));
    },
    tellRepeated({ epoch, seq }) {
      if (!closed) void tell(() => sink.repeated?.({ epoch, seq }));
    },
    position: sequence.position,
    close() {
      closed = true;
      letGo();
    },
  };
}
