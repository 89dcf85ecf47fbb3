/** So many attempts at once, and as many again in each period: one comes back every `seconds / attempts`. */
export interface Rate {
  readonly attempts: number;
  readonly seconds: number;
}

export interface RateLimit {
  /** Counts one attempt. @returns 0 when it may go on, else the whole seconds (at least 1) until one is free. */
  take(bucket: string, rate: Rate): number;
  /** Uncounts one. */
  giveBack(bucket: string, rate: Rate): void;
}

export interface RateLimitDeps {
  /** RATE_LIMIT_MAX_BUCKETS: over it the least recently used is forgotten. 50,000 of the longest take about 20 MiB. */
  readonly maxBuckets: number;
  /** Milliseconds that only rise. */
  readonly now?: () => number;
}

/**
 * Counts attempts, in this process's memory.
 *
 * Each API process counts for itself: n of them let at most n times as many through, and a restart forgets. That bounds
 * guessing well enough (settings are per process), and a flood that is refused costs no query; counted in Postgres, the
 * limit against floods would itself be a write for each of their requests.
 *
 * A bucket is one time, when it will be full again (the generic cell rate algorithm): each attempt moves it on by its
 * share of the period, and is refused when it would then be more than a period ahead. No timers.
 *
 * @see https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
 */
export function createRateLimit({ maxBuckets, now = () => performance.now() }: RateLimitDeps): RateLimit {
  /** Milliseconds of `now`, least recently taken from first. */
  const fullAt = new Map<string, number>();

  return {
    take(bucket, { attempts, seconds }) {
      const share = (seconds * 1_000) / attempts;
      const next = Math.max(fullAt.get(bucket) ?? 0, now()) + share;
      const waitMs = next - now() - seconds * 1_000;
      // Shares are fractions: a millionth of a millisecond too much is not an attempt too many.
      if (waitMs > 1e-6) return Math.ceil(waitMs / 1_000);
      put(bucket, next);
      return 0;
    },

    giveBack(bucket, { attempts, seconds }) {
      const at = fullAt.get(bucket);
      if (at !== undefined) fullAt.set(bucket, at - (seconds * 1_000) / attempts);
    },
  };

  function put(bucket: string, at: number): void {
    fullAt.delete(bucket);
    fullAt.set(bucket, at);
    for (const oldest of fullAt.keys()) {
      if (fullAt.size <= maxBuckets) break;
      fullAt.delete(oldest);
    }
  }
}
