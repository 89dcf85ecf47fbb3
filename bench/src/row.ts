import { quartiles } from './percentile.ts';

export type Unit = 'µs' | 'ms' | 's' | 'per second' | 'MB' | 'KB' | '% of a core' | 'CPU s' | 'CPU ms' | 'reads';

/** A line of the table: one figure, and what it is held against. */
export interface Row {
  readonly what: string;
  readonly unit: Unit;
  readonly ours: number;
  readonly beside: Beside | null;
  readonly bar: Bar | null;
  /** CPU-seconds of the serving process per 100,000 deliveries, where there are deliveries. */
  readonly cpu?: { readonly ours: number; readonly beside: number | null };
}

/** The same figure of something else, measured in turns with ours. */
export interface Beside {
  /** A peer does for others what we do; a limit does less than anybody who does it all. */
  readonly kind: 'peer' | 'limit';
  readonly what: string;
  readonly value: number;
  /** Ours ÷ beside, over all rounds: see `compareRounds` and `comparePooled`. */
  readonly ratio: number;
  /** Ours ÷ beside, in each round. */
  readonly roundRatios: readonly number[];
  /** The rounds' upper quartile may be this many times the lower; beyond that there is no ratio to speak of. */
  readonly maxSpread: number;
}

/** What is asked of a row. */
export type Bar =
  | { readonly of: 'ours' | 'ratio'; readonly atMost: number }
  | { readonly of: 'ours' | 'ratio'; readonly atLeast: number };

export const ratioOfAtMost = (atMost: number): Bar => ({ of: 'ratio', atMost });
export const ratioOfAtLeast = (atLeast: number): Bar => ({ of: 'ratio', atLeast });

/** Ours ÷ beside. Null when nothing stands beside, and when the rounds disagree. */
export function ratioOf({ beside }: Row): number | null {
  return beside === null || !(spreadOf(beside).factor <= beside.maxSpread) ? null : beside.ratio;
}

/** How far the rounds disagree: the quartiles of their ratios, and the upper ÷ the lower. A round or two out of line move neither. */
export function spreadOf({ roundRatios }: Beside): {
  readonly lower: number;
  readonly upper: number;
  readonly factor: number;
} {
  const { lower, upper } = quartiles(roundRatios);
  return { lower, upper, factor: upper / lower };
}

/** Null when there is no bar, or no ratio to hold against it. */
export function isWithinBar(row: Row): boolean | null {
  if (row.bar === null) return null;
  const figure = row.bar.of === 'ours' ? row.ours : ratioOf(row);
  if (figure === null) return null;
  return 'atMost' in row.bar ? figure <= row.bar.atMost : figure >= row.bar.atLeast;
}
