import type { Position } from './stream.ts';

/** Negative when `a` comes before `b` in the log, 0 when they are the same place. */
export function comparePositions(a: Position, b: Position): number {
  return a.epoch - b.epoch || a.seq - b.seq;
}

/**
 * How a record stands to what a reader has seen:
 * - `next`: the following `seq`, the first record at all, or the first of a newer epoch (whose numbers start anywhere)
 * - `seen`: a repetition, or a late record of an epoch that a newer one has replaced
 * - `gap`: new, but `seq` has jumped: what lies between has not been seen
 */
export type Standing = 'next' | 'seen' | 'gap';

/** The one rule by which readers of every store drop repetitions and notice losses. */
export interface Sequence {
  judge(record: Position): Standing;
  /** The record was taken; it must not be `seen`. */
  advance(record: Position): void;
  /** The last record taken, or where the sequence started; null before the first. */
  position(): Position | null;
}

/** @param start  everything up to and including this was seen; null accepts whatever comes first. */
export function createSequence(start: Position | null): Sequence {
  let last = start;
  return {
    judge(record) {
      if (last === null || record.epoch > last.epoch) return 'next';
      if (comparePositions(record, last) <= 0) return 'seen';
      return record.seq === last.seq + 1 ? 'next' : 'gap';
    },
    advance(record) {
      last = { epoch: record.epoch, seq: record.seq };
    },
    position: () => last,
  };
}
