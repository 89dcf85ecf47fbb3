import type { LogTransaction } from './transaction.ts';

/**
 * Remembers what was made of a transaction, under a name, for the others who come by it soon: who is behind goes the way that
 * others go, too. What nobody has asked for between two calls of `age` is let go, and no more than `maxBytes` is kept, roughly. The
 * transaction itself is not held: what was made of it goes with it.
 */
export function createAgingMemo<Made>(maxBytes: number) {
  type Kept = WeakMap<LogTransaction, Map<string, Made>>;
  let young: Kept = new WeakMap();
  let old: Kept = new WeakMap();
  let bytes = 0;

  function age() {
    old = young;
    young = new WeakMap();
    bytes = 0;
  }

  return {
    age,
    of(transaction: LogTransaction, name: string, make: () => Made, sizeOf: (made: Made) => number): Made {
      const known = young.get(transaction)?.get(name);
      if (known !== undefined) return known;
      const made = old.get(transaction)?.get(name) ?? make();
      const size = sizeOf(made);
      if (bytes + size > maxBytes / 2) age();
      bytes += size;
      const named = young.get(transaction) ?? new Map<string, Made>();
      young.set(transaction, named.set(name, made));
      return made;
    },
  };
}
