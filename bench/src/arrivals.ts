/** After this long a change that did not arrive is a fault, not a slow sample. */
const TIMEOUT_MS = 10_000;

/** Brings together who waits for something and the callback that sees it arrive. */
export interface Arrivals {
  /**
   * Call it before what is expected can arrive.
   *
   * @returns the `performance.now()` at which `note(id)` was called.
   */
  expect(id: string): Promise<number>;
  /** What nobody expects is not noted. */
  note(id: string): void;
  /** Nothing will arrive any more: whoever waits, now or later, is told why. */
  fail(error: Error): void;
}

/** @param what  that is waited for, for the message when it does not come. */
export function createArrivals(what: string): Arrivals {
  const waiting = new Map<string, { resolve(atMs: number): void; reject(error: Error): void }>();
  let failure: Error | null = null;

  return {
    async expect(id) {
      if (failure !== null) throw failure;
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise<number>((resolve, reject) => {
          waiting.set(id, { resolve, reject });
          timer = setTimeout(() => reject(new Error(`${what} did not arrive within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
        });
      } finally {
        clearTimeout(timer);
        waiting.delete(id);
      }
    },
    note: (id) => waiting.get(id)?.resolve(performance.now()),
    fail(error) {
      failure = error;
      for (const { reject } of waiting.values()) reject(error);
    },
  };
}
