import { HistoryLostError } from './replay.ts';
import type { Ring } from './ring.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';

interface Dependencies {
  readonly ring: Ring;
  /** From what the stream keeps, for places that the ring has let go. May end at any transaction. */
  readonly replay: (place: LogPosition, signal: AbortSignal) => AsyncGenerator<LogTransaction>;
}

/**
 * The transactions after `place`, up to the newest this process has passed: from the ring, before that from the stream.
 *
 * @throws {HistoryLostError} when they cannot be had exactly.
 */
export async function* readHistory(
  { ring, replay }: Dependencies,
  place: LogPosition,
  signal: AbortSignal,
): AsyncGenerator<LogTransaction> {
  for (let at = place; ; ) {
    const next = ring.after(at);
    if (next === null) return;
    if (next === 'ahead' || next === 'other') throw new HistoryLostError(`seq ${at.seq} is not of this history`);
    if (next !== 'older') {
      yield next;
      at = next.position;
      continue;
    }
    for await (const transaction of replay(at, signal)) {
      yield transaction;
      at = transaction.position;
      if (ring.after(at) !== 'older') break;
    }
  }
}
