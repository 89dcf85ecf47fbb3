const firstMs = 250;
const mostMs = 15_000;

/**
 * How long to wait before trying again: twice as long each time, at most 15 s, and by chance up to half of it less, so that
 * the clients of a server that restarts do not come back all at once.
 *
 * @param failures  in a row, 0 for the first.
 */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const most = Math.min(firstMs * 2 ** failures, mostMs);
  return most * (1 - random() / 2);
}
