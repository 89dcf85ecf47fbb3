/**
 * The same values in the same order, with the next one under way while the consumer is at work: two are in memory at a time.
 *
 * What the source throws is told when it is its turn, after all values before it. A consumer that stops, or throws, waits
 * for what is under way and ends the source.
 */
export async function* oneAhead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  const read = () => {
    const next = source.next();
    next.catch(() => undefined); // Told when it is its turn; nobody may ask any more.
    return next;
  };
  try {
    for (let next = read(); ; ) {
      const { done, value } = await next;
      if (done) return;
      next = read();
      yield value;
    }
  } finally {
    await source.return(undefined);
  }
}
