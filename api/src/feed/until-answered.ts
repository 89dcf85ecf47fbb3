interface Options {
  readonly signal: AbortSignal;
  /** Told of every failure. May throw, to give up. */
  readonly onFailure?: (error: unknown) => void;
}

/** Asks again, more and more slowly, until there is an answer. Rejects when `signal` aborts. */
export async function untilAnswered<Answer>(
  ask: () => Promise<Answer>,
  { signal, onFailure = () => {} }: Options,
): Promise<Answer> {
  for (let delayMs = 50; ; delayMs = Math.min(delayMs * 2, 2_000)) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      onFailure(error);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}
