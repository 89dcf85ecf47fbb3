import type { ChangeRecord } from '@sync-hub/stream/change-record';
import type { Position, Stream } from '@sync-hub/stream/stream';
import type { LogPosition, LogTransaction, TransactionAssembler } from './transaction.ts';

/** The log cannot be continued exactly from a place: it is not kept any more, or it was never of this history. */
export class HistoryLostError extends Error {
  override readonly name = 'HistoryLostError';
  /** Where the log goes on behind a gap. */
  readonly keptFrom: Position | null;

  constructor(message: string, { keptFrom, ...options }: ErrorOptions & { keptFrom?: Position } = {}) {
    super(message, options);
    this.keptFrom = keptFrom ?? null;
  }
}

/** A transaction that cannot be applied is lost like one that is not kept. */
export function asLost(error: unknown): never {
  throw error instanceof HistoryLostError
    ? error
    : new HistoryLostError('a transaction cannot be applied', { cause: error });
}

interface Dependencies {
  readonly stream: Pick<Stream, 'read'>;
  readonly createAssembler: () => TransactionAssembler;
}

/**
 * The transactions after `place`, from what the stream keeps, one at a time: the next is read when it is asked for.
 * It goes on for ever; leave it when the ring takes over.
 *
 * Reads from the record of `place` itself, which proves that this is its history: the same seq under another tag is not.
 *
 * @throws {HistoryLostError}
 */
export async function* replay(
  { stream, createAssembler }: Dependencies,
  place: LogPosition,
  signal: AbortSignal,
): AsyncGenerator<LogTransaction> {
  const handoff = createHandoff<ChangeRecord>(signal);
  const assembler = createAssembler();
  const reader = await stream.read(
    { epoch: place.epoch, seq: place.seq - 1 },
    {
      record: (record) => handoff.give(record),
      gap({ next }) {
        handoff.fail(new HistoryLostError(`the log after seq ${place.seq} is not kept in full`, { keptFrom: next }));
      },
      unreadable() {
        // Had it a seq, the record after it tells the gap.
      },
    },
  );
  try {
    const own = await handoff.take();
    if (own.epochId !== place.epochId || own.seq !== place.seq || own.tag !== place.tag || !own.last) {
      throw new HistoryLostError(`the log has another history at seq ${place.seq}`);
    }
    await assembler.add(own);
    for (;;) {
      const record = await handoff.take();
      if (record.epoch !== place.epoch) throw new HistoryLostError(`epoch ${record.epoch} has begun`);
      const transaction = await assembler.add(record);
      if (transaction !== null) yield transaction;
    }
  } finally {
    handoff.close();
    await reader.close();
  }
}

/** One value at a time from a giver, who waits until it was taken, to a taker, who waits until it is there. */
function createHandoff<Value>(signal: AbortSignal) {
  let given: { readonly value: Value; readonly taken: () => void } | null = null;
  let taker: { resolve(value: Value): void; reject(error: unknown): void } | null = null;
  let failure: { readonly error: unknown } | null = null;
  let closed = false;

  function fail(error: unknown) {
    failure ??= { error };
    taker?.reject(error);
    taker = null;
  }
  const onAbort = () => fail(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });

  return {
    fail,
    give(value: Value): Promise<void> {
      if (closed || failure !== null) return Promise.resolve();
      if (taker !== null) {
        taker.resolve(value);
        taker = null;
        return Promise.resolve();
      }
      return new Promise((taken) => {
        given = { value, taken };
      });
    },
    take(): Promise<Value> {
      if (failure !== null) return Promise.reject(failure.error);
      if (given !== null) {
        const { value, taken } = given;
        given = null;
        taken();
        return Promise.resolve(value);
      }
      return new Promise((resolve, reject) => {
        taker = { resolve, reject };
      });
    },
    close() {
      closed = true;
      signal.removeEventListener('abort', onAbort);
      given?.taken();
    },
  };
}
