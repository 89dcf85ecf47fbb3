import type { Entrance } from '../entrance.ts';
import { HistoryLostError } from './replay.ts';
import type { Ring } from './ring.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';

interface Dependencies {
  readonly ring: Ring;
  /** From what the stream keeps, for places that the ring has let go. May end at any transaction. */
  readonly replay: (place: LogPosition, signal: AbortSignal) => AsyncGenerator<LogTransaction>;
  readonly entrance: Entrance;
}

/**
 * From memory nothing is waited for: whoever has missed more stands in line again, so that all others have their turns. Each time for
 * twice as many: in a long line more may come meanwhile than are told in a turn, and nobody would ever be up to date.
 */
const firstTurnTransactions = 50;

/**
 * The transactions after `place`, up to the newest this process has passed: from the ring, before that from the stream.
 *
 * @throws {HistoryLostError} when they cannot be had exactly.
 */
export async function* readHistory(
  { ring, replay, entrance }: Dependencies,
  place: LogPosition,
  signal: AbortSignal,
): AsyncGenerator<LogTransaction> {
  let told = 0;
  let turnTransactions = firstTurnTransactions;
  for (let at = place; ; ) {
    const next = ring.after(at);
    if (next === null) return;
    if (next === 'ahead' || next === 'other') throw new HistoryLostError(`seq ${at.seq} is not of this history`);
    if (next !== 'older') {
      yield next;
      at = next.position;
      told += 1;
      if (told < turnTransactions) continue;
      await entrance.pass();
      told = 0;
      turnTransactions *= 2;
      continue;
    }
    for await (const transaction of replay(at, signal)) {
      yield transaction;
      at = transaction.position;
      if (ring.after(at) !== 'older') break;
    }
  }
}
