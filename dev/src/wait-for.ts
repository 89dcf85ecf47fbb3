export interface WaitForOptions {
  /** What is waited for, as the end of "gave up waiting for …". */
  readonly what: string;
  /** @default 10 000 */
  readonly timeoutMs?: number;
}

/** Between two tries: short enough for a test to feel immediate, long enough to leave the processor to what is waited for. */
const PAUSE_MS = 15;

/**
 * Resolves with the condition's first truthy value.
 *
 * A condition that throws counts as not met yet, so that it may itself be an assertion; its last error becomes the `cause`.
 *
 * @throws Error naming `what`, once `timeoutMs` have passed, even if the condition itself hangs.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 10_000 }: WaitForOptions,
): Promise<NonNullable<T>> {
  let isOver = false;
  let cause: unknown;
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      isOver = true;
      const why = cause instanceof Error ? `: ${cause.message}` : '';
      reject(new Error(`Gave up after ${timeoutMs} ms waiting for ${what}${why}`, { cause }));
    }, timeoutMs);
  });
  const poll = async (): Promise<NonNullable<T>> => {
    while (!isOver) {
      try {
        const value = await condition();
        if (value) return value;
        cause = undefined;
      } catch (error) {
        cause = error;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return deadline;
  };
  try {
    return await Promise.race([poll(), deadline]);
  } finally {
    clearTimeout(timer);
  }
}
