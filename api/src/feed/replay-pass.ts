import { HistoryLostError } from './replay.ts';
import { createRing, type Following } from './ring.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';

interface Dependencies {
  /** The transactions after a place, from what the stream keeps. */
  readonly replay: (place: LogPosition, signal: AbortSignal) => AsyncGenerator<LogTransaction>;
  /** Where it begins. */
  readonly start: LogPosition;
  /** Of what was read last is kept, roughly, for clients that are behind the first of them. */
  readonly maxBytes: number;
  /** Whoever is further ahead is not served. */
  readonly maxRecordsAhead: number;
  /** Its reader of the stream is closed. */
  readonly onEnd: () => void;
}

/**
 * One reading of the stream for all clients on its way, as each of them would cost a reader and the parsing of every record. It
 * reads on when one of them asks for what it has not read. Whoever is ahead of it waits until it comes by; whoever does not keep
 * up with the first is left behind. It ends with the last of them.
 */
export function createReplayPass({ replay, start, maxBytes, maxRecordsAhead, onEnd }: Dependencies) {
  const ending = new AbortController();
  const transactions = replay(start, ending.signal);
  const ring = createRing({ maxBytes, maxAgeMs: Number.POSITIVE_INFINITY });
  ring.begin(start);
  let newest = start;
  /** What was read last, also when it is too large for the ring; and what it follows. */
  let last: { readonly place: LogPosition; readonly transaction: LogTransaction } | null = null;
  let reading: Promise<LogTransaction> | null = null;
  let hasFailed = false;
  let clients = 0;
  let toldSince: number | null = null;

  /** The transaction after `newest`, for all who ask meanwhile. */
  function readOn(): Promise<LogTransaction> {
    reading ??= transactions.next().then(take, fail);
    return reading;
  }

  function take({ value }: IteratorResult<LogTransaction>): LogTransaction {
    if (value === undefined) return fail(new Error('the replay has ended'));
    // At once: whoever stands at what is new must not be given it again.
    reading = null;
    last = { place: newest, transaction: value };
    newest = value.position;
    ring.add(value);
    toldSince ??= Date.now();
    return value;
  }

  function fail(error: unknown): never {
    hasFailed = true;
    throw error;
  }

  function after(place: LogPosition): Following {
    const following = ring.after(place);
    if (following !== 'older' || last === null) return following;
    return last.place.seq === place.seq && last.place.tag === place.tag ? last.transaction : following;
  }

  /** How many records it has to read for what follows `place`: 0 when that is held. Null when it cannot serve it. */
  function distanceTo(place: LogPosition): number | null {
    if (hasFailed || ending.signal.aborted) return null;
    const following = after(place);
    if (following === null) return 1;
    if (typeof following === 'object') return 0;
    if (following !== 'ahead' || place.epochId !== newest.epochId) return null;
    const ahead = place.seq - newest.seq;
    return ahead <= maxRecordsAhead ? ahead + 1 : null;
  }

  function end() {
    if (ending.signal.aborted) return;
    ending.abort(new Error('the replay was ended'));
    transactions.return(undefined).then(onEnd, onEnd);
  }

  return {
    distanceTo,
    /**
     * The transaction after `place`; null when it cannot serve it, or not any more.
     *
     * @throws {HistoryLostError} when it cannot be had from any.
     */
    async next(place: LogPosition): Promise<LogTransaction | null> {
      while (distanceTo(place) !== null) {
        const following = after(place);
        if (typeof following === 'object' && following !== null) return following;
        try {
          const transaction = await readOn();
          if (following === null) return transaction;
        } catch (error) {
          if (!ending.signal.aborted && (following === null || isWithin(place, error))) throw error;
        }
      }
      return null;
    },
    join() {
      clients += 1;
    },
    leave() {
      clients -= 1;
      if (clients === 0) end();
    },
    /** Since when it has told transactions; null before the first. */
    get toldSince() {
      return toldSince;
    },
    get isEnding() {
      return ending.signal.aborted;
    },
    end,
  };
}

/** Of what was lost, whoever is ahead of the pass may need nothing. */
function isWithin({ epoch, seq }: LogPosition, error: unknown): boolean {
  const keptFrom = error instanceof HistoryLostError ? error.keptFrom : null;
  return keptFrom !== null && keptFrom.epoch === epoch && keptFrom.seq > seq;
}
export type ReplayPass = ReturnType<typeof createReplayPass>;
