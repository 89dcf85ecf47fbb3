import DataLoader from 'dataloader';

/** Bounds a statement's arrays; there are as many keys as requests were read in one turn. */
const maxKeys = 500;

/**
 * Loads together what is asked for in one turn of the event loop, so that a busy process asks Postgres once for many requests.
 * Each load begins after it was asked for: an answer is never older than its question.
 *
 * When a load fails, all that were in it fail. So no key may be one that Postgres refuses.
 *
 * @param load         gives a value for each key, in the order of the keys.
 * @param maxUnderWay  while so many loads are, what is asked for is gathered, to be asked for at once when one of them has ended.
 */
export function createBatch<Key, Value>(
  load: (keys: readonly Key[]) => Promise<readonly Value[]>,
  { maxUnderWay = Number.POSITIVE_INFINITY } = {},
): (key: Key) => Promise<Value> {
  let underWay = 0;
  const held: (() => void)[] = [];

  async function loadCounted(keys: readonly Key[]): Promise<readonly Value[]> {
    try {
      return await load(keys);
    } finally {
      underWay -= 1;
      begin();
    }
  }
  function begin() {
    while (underWay < maxUnderWay) {
      const run = held.shift();
      if (run === undefined) return;
      underWay += 1;
      run();
    }
  }
  const loader = new DataLoader<Key, Value>(loadCounted, {
    cache: false,
    maxBatchSize: maxKeys,
    // After everything that the sockets had to read in this turn.
    batchScheduleFn: (run) =>
      void setImmediate(() => {
        held.push(run);
        begin();
      }),
  });
  return (key) => loader.load(key);
}
