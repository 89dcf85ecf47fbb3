/** Lets a crowd in one after the other. */
export interface Entrance {
  /** Resolves when it is one's turn: first come, first served, each in a turn of the event loop of its own. */
  pass(): Promise<void>;
}

/**
 * A thousand clients that come at once, or are answered by one statement, would be dealt with in one turn of the event loop, and
 * whoever is connected already would be told nothing until the last of them was through. Here each has a turn to itself, and
 * between two of them everything else goes on: the log is read, and told. Who comes alone waits for one turn.
 *
 * What is done for all who wait (a statement, say) is gathered by standing in the same line: when its turn comes, those who
 * stood before it are there.
 */
export function createEntrance(): Entrance {
  const waiting: (() => void)[] = [];

  function letIn() {
    waiting.shift()?.();
    if (waiting.length > 0) setImmediate(letIn);
  }
  return {
    pass: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        if (waiting.length === 1) setImmediate(letIn);
      }),
  };
}
