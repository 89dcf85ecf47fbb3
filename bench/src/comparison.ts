import { median } from './percentile.ts';
import type { Bar, Beside, Row, Unit } from './row.ts';

/** Two sides, round by round: what each found in the first, in the second … */
export interface Rounds<Found> {
  readonly ours: readonly Found[];
  readonly beside: readonly Found[];
}

/** What a row says besides its figures. */
export interface Described {
  readonly what: string;
  readonly besideKind: Beside['kind'];
  readonly besideWhat: string;
  readonly unit: Unit;
  readonly maxSpread: number;
  readonly bar: Bar | null;
}

/**
 * Lets sides take turns, so that a machine that changes its pace changes it for all: first to last, then last to first
 * (A B C, C B A, A B C …). In two rounds each side stands as early as it stands late.
 *
 * @param sides  each measures one round and gives its result. Those that are compared are best neighbours.
 * @returns the results of each side, round by round.
 */
export async function takeTurns<Name extends string, Result>(
  rounds: number,
  sides: Readonly<Record<Name, () => Promise<Result>>>,
): Promise<Record<Name, readonly Result[]>> {
  const names = Object.keys(sides) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Result[]>;
  for (let round = 0; round < rounds; round++)
    for (const name of round % 2 === 0 ? names : names.toReversed()) results[name].push(await sides[name]());
  return results;
}

/**
 * One figure a round: what is shown is each side's median, and the median of the rounds' own ratios. That is not the
 * ratio of the medians: what slows down a round slows down both sides of it, and is gone from its ratio.
 */
export function compareRounds({ ours, beside }: Rounds<number>, described: Described): Row {
  const roundRatios = ratiosOf(ours, beside);
  return row(described, { ours: median(ours), beside: median(beside), ratio: median(roundRatios), roundRatios });
}

/**
 * Many samples a round, of which a percentile is wanted: that of all rounds' samples together, on either side, since a
 * round's own has too few behind it. The rounds' ratios only say how far they agree.
 */
export function comparePooled(
  { ours, beside }: Rounds<readonly number[]>,
  { statistic, ...described }: Described & { readonly statistic: (samples: readonly number[]) => number },
): Row {
  const pooled = { ours: statistic(ours.flat()), beside: statistic(beside.flat()) };
  const roundRatios = ratiosOf(ours.map(statistic), beside.map(statistic));
  return row(described, { ...pooled, ratio: pooled.ours / pooled.beside, roundRatios });
}

function ratiosOf(ours: readonly number[], beside: readonly number[]): number[] {
  return ours.map((value, round) => value / (beside[round] ?? Number.NaN));
}

function row(
  { what, besideKind, besideWhat, unit, maxSpread, bar }: Described,
  {
    ours,
    beside,
    ...ratios
  }: { readonly ours: number; readonly beside: number } & Pick<Beside, 'ratio' | 'roundRatios'>,
): Row {
  return { what, unit, ours, beside: { kind: besideKind, what: besideWhat, value: beside, ...ratios, maxSpread }, bar };
}
