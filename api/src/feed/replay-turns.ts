import { replay } from './replay.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';
import { createTurns } from './turns.ts';

interface Settings {
  /** At the same time: each has a reader of the stream. */
  readonly max: number;
  /** A replay that has told for so long, and that others wait for, ends. */
  readonly turnMs: number;
}

/**
 * Replays that take turns. One may end at any transaction, also while its client takes nothing, so that slow clients do not keep
 * others from theirs: go on with another one, from there.
 */
export function createReplays(dependencies: Parameters<typeof replay>[0], { max, turnMs }: Settings) {
  const turns = createTurns(max);

  return async function* replayInTurn(place: LogPosition, signal: AbortSignal): AsyncGenerator<LogTransaction> {
    const endTurn = await turns.take();
    const transactions = replay(dependencies, place, signal);
    const giveWay = () => {
      if (turns.waiting > 0) transactions.return(undefined).then(endTurn, endTurn);
    };
    let clock: NodeJS.Timeout | undefined;
    try {
      signal.throwIfAborted();
      for await (const transaction of transactions) {
        // Not sooner: each turn brings its client on, however long a reader takes to begin.
        clock ??= setInterval(giveWay, turnMs);
        yield transaction;
      }
    } finally {
      clearInterval(clock);
      endTurn();
    }
  };
}
