import type { ChangeRecord } from './change-record.ts';
import { parseRecord } from './parse-record.ts';
import { comparePositions, createSequence, type Standing } from './sequence.ts';
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
  /**
   * Drops a record that is `seen`, and says so. One at the place of the last that was delivered, but of another batch,
   * proves that the store holds another history: then a gap is told, and what follows it is taken as what comes next.
   */
  drop(record: ChangeRecord): void;
  /** Goes on after `position`, wherever it is, once the gap was told: what was delivered is not the store's history. */
  startOver(position: Position): void;
  /** The last record delivered; null before the first. */
  last(): ChangeRecord | null;
  /** The last record delivered, or where the reader started. */
  position(): Position | null;
  close(): void;
}

export function createDelivery({ from, sink, log }: { from: Position | null; sink: Sink; log: StreamLog }): Delivery {
  let sequence = createSequence(from);
  let last: ChangeRecord | null = null;
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

  function startOver({ epoch, seq }: Position): void {
    const after = sequence.position();
    sequence = createSequence({ epoch, seq });
    last = null;
    if (after !== null && !closed) void tell(() => sink.gap({ after, next: { epoch, seq: seq + 1 } }));
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
      last = record;
      await tell(() => sink.record(record));
    },
    tellUnreadable(error) {
      if (!closed) void tell(() => sink.unreadable(error));
    },
    drop(record) {
      if (last !== null && comparePositions(record, last) === 0 && record.tag !== last.tag) return startOver(record);
      if (!closed) void tell(() => sink.repeated?.({ epoch: record.epoch, seq: record.seq }));
    },
    startOver,
    last: () => last,
    position: () => sequence.position(),
    close() {
      closed = true;
      letGo();
    },
  };
}
