import DataLoader from 'dataloader';

/** Bounds a statement's arrays; there are as many keys as requests were read in one turn. */
const maxKeys = 500;

/**
 * Loads together what is asked for in one turn of the event loop, so that a busy process asks Postgres once for many requests.
 * Each load begins after it was asked for: an answer is never older than its question.
 *
 * When a load fails, all that were in it fail. So no key may be one that Postgres refuses.
 *
 * @param load  gives a value for each key, in the order of the keys.
 */
export function createBatch<Key, Value>(
  load: (keys: readonly Key[]) => Promise<readonly Value[]>,
): (key: Key) => Promise<Value> {
  const loader = new DataLoader<Key, Value>(load, {
    cache: false,
    maxBatchSize: maxKeys,
    // After everything that the sockets had to read in this turn.
    batchScheduleFn: (run) => void setImmediate(run),
  });
  return (key) => loader.load(key);
}
