/** At most so many at a time, first come, first served. */
export interface Turns {
  /** Resolves when it is one's turn, with how to end it. */
  take(): Promise<() => void>;
  /** How many wait for theirs. */
  readonly waiting: number;
}

export function createTurns(max: number): Turns {
  let running = 0;
  const waiting: (() => void)[] = [];

  function end() {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
  return {
    get waiting() {
      return waiting.length;
    },
    async take() {
      if (running >= max) await new Promise<void>((resolve) => waiting.push(resolve));
      else running += 1;
      let isOver = false;
      return () => {
        if (!isOver) end();
        isOver = true;
      };
    },
  };
}
