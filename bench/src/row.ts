export type Unit = 'ms' | 'per second' | 'MB' | '% of a core';

/** A line of the table: one figure, and what it is held against. */
export interface Row {
  readonly what: string;
  readonly unit: Unit;
  readonly ours: number;
  readonly beside: Beside | null;
  readonly bar: Bar | null;
}

/** The same figure of something else, measured in turns with ours. */
export interface Beside {
  readonly what: string;
  readonly value: number;
  /** Ours ÷ beside, in each round. */
  readonly roundRatios: readonly number[];
  /** The rounds' largest ratio may be this many times the smallest; beyond that there is no ratio to speak of. */
  readonly maxSpread: number;
}

/** What design or issue ask for. */
export interface Bar {
  readonly of: 'ours' | 'ratio';
  readonly atMost: number;
}

/** Ours ÷ beside, over all rounds. Null when nothing stands beside, and when the rounds disagree. */
export function ratioOf({ ours, beside }: Row): number | null {
  return beside === null || spreadOf(beside) > beside.maxSpread ? null : ours / beside.value;
}

/** How far the rounds disagree: the largest of their ratios ÷ the smallest. */
export function spreadOf({ roundRatios }: Beside): number {
  return Math.max(...roundRatios) / Math.min(...roundRatios);
}

/** Null when there is no bar, or no ratio to hold against it. */
export function isWithinBar(row: Row): boolean | null {
  if (row.bar === null) return null;
  const figure = row.bar.of === 'ours' ? row.ours : ratioOf(row);
  return figure === null ? null : figure <= row.bar.atMost;
}
