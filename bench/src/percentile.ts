/**
 * The smallest of the samples that at least `share` of them do not exceed (nearest rank: a sample, never an
 * interpolation).
 *
 * @param share  0.5 for the median, 0.99 for p99.
 */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('no samples');
  return value;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** Half of the samples lie between them. Of fewer than four they are the smallest and the largest. */
export function quartiles(samples: readonly number[]): { readonly lower: number; readonly upper: number } {
  return { lower: percentile(samples, 0.25), upper: percentile(samples, 0.75) };
}
