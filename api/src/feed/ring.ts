import type { LogPosition, LogTransaction } from './transaction.ts';

interface Settings {
  /** Of the transactions held, roughly as they lie in memory. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/**
 * What follows a place in the log, as far as the ring knows: a transaction; null when the place is the newest; else why it
 * cannot say. `older`: the place is before all that is held. `ahead`: this process has not come so far yet. `other`: the
 * place is of another history, where that number stood for something else.
 */
export type Following = LogTransaction | null | 'older' | 'ahead' | 'other';

/** The newest transactions of the log in memory, for whoever comes back or is a little behind. */
export function createRing({ maxBytes, maxAgeMs }: Settings) {
  /** The last transaction before the first that is held; null until the log was met. */
  let base: LogPosition | null = null;
  let held: ({ readonly transaction: LogTransaction; readonly addedAt: number } | undefined)[] = [];
  /** Places before this one are empty; they are cut off now and then, all at once. */
  let first = 0;
  let bytes = 0;

  function letGo(now: number) {
    for (let oldest = held[first]; oldest !== undefined; oldest = held[first]) {
      if (bytes <= maxBytes && now - oldest.addedAt <= maxAgeMs) break;
      bytes -= oldest.transaction.bytes;
      base = oldest.transaction.position;
      held[first] = undefined;
      first += 1;
    }
    if (first > 1_000 && first * 2 > held.length) {
      held = held.slice(first);
      first = 0;
    }
  }

  /** Index of the first entry with a greater seq. */
  function indexAfter(seq: number): number {
    let low = first;
    let high = held.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((held[middle]?.transaction.position.seq ?? 0) <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    /** Empties it: the log goes on, or begins anew, after `position`. */
    begin(position: LogPosition) {
      base = position;
      held = [];
      first = 0;
      bytes = 0;
    },
    add(transaction: LogTransaction, now = Date.now()) {
      held.push({ transaction, addedAt: now });
      bytes += transaction.bytes;
      letGo(now);
    },
    after(place: LogPosition): Following {
      if (base === null) return 'ahead';
      if (place.epoch > base.epoch) return 'ahead';
      if (place.epoch < base.epoch || place.epochId !== base.epochId) return 'other';
      if (place.seq < base.seq) return 'older';
      const index = indexAfter(place.seq);
      const at = index === first ? base : held[index - 1]?.transaction.position;
      if (at === undefined) return 'other';
      if (index === held.length && place.seq > at.seq) return 'ahead';
      if (at.seq !== place.seq || at.tag !== place.tag) return 'other';
      return held[index]?.transaction ?? null;
    },
    /** All that follow `place`, oldest first; null where {@link after} cannot say. */
    allAfter(place: LogPosition): readonly LogTransaction[] | null {
      const next = this.after(place);
      if (typeof next === 'string') return null;
      return held.slice(indexAfter(place.seq)).flatMap((entry) => entry?.transaction ?? []);
    },
    /** Roughly, as they lie in memory. */
    get bytes() {
      return bytes;
    },
    get transactions() {
      return held.length - first;
    },
  };
}
export type Ring = ReturnType<typeof createRing>;
