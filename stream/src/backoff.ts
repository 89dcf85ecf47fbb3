import { setTimeout as sleep } from 'node:timers/promises';

/** Waits before another attempt: doubling from `minMs` to `maxMs`, with jitter, so that many do not come back at once. */
export interface Backoff {
  /** Resolves after the next delay, or at once when `signal` aborts. */
  wait(signal: AbortSignal): Promise<void>;
  /** An attempt succeeded: the next wait is short again. */
  reset(): void;
}

export function createBackoff({ minMs, maxMs }: { minMs: number; maxMs: number }): Backoff {
  let delayMs = minMs;
  return {
    async wait(signal) {
      const jitter = 0.75 + Math.random() / 2;
      const ms = delayMs * jitter;
      delayMs = Math.min(delayMs * 2, maxMs);
      await sleep(ms, undefined, { signal }).catch(() => undefined);
    },
    reset() {
      delayMs = minMs;
    },
  };
}
