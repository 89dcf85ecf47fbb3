import type { Bar, Row, Unit } from './row.ts';

/** The samples of one side, round by round. */
type Rounds = readonly (readonly number[])[];

export interface Comparison {
  readonly ours: Rounds;
  readonly beside: Rounds;
}

/**
 * Lets two sides take turns, so that a machine that changes its pace changes it for both. Who begins alternates, too.
 *
 * @param ours, beside  measure one round and give its samples.
 */
export async function takeTurns({
  rounds,
  ours,
  beside,
}: {
  readonly rounds: number;
  readonly ours: () => Promise<readonly number[]>;
  readonly beside: () => Promise<readonly number[]>;
}): Promise<Comparison> {
  const results: { ours: (readonly number[])[]; beside: (readonly number[])[] } = { ours: [], beside: [] };
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? (['ours', 'beside'] as const) : (['beside', 'ours'] as const);
    for (const side of order) results[side].push(await { ours, beside }[side]());
  }
  return results;
}

/** One statistic of a comparison, over the samples of all rounds and in each round. */
export function compare(
  { ours, beside }: Comparison,
  {
    what,
    besideWhat,
    unit,
    statistic,
    maxSpread,
    bar,
  }: {
    readonly what: string;
    readonly besideWhat: string;
    readonly unit: Unit;
    readonly statistic: (samples: readonly number[]) => number;
    readonly maxSpread: number;
    readonly bar: Bar | null;
  },
): Row {
  const oursByRound = ours.map(statistic);
  const besideByRound = beside.map(statistic);
  return {
    what,
    unit,
    ours: statistic(ours.flat()),
    beside: {
      what: besideWhat,
      value: statistic(beside.flat()),
      roundRatios: oursByRound.map((value, round) => value / (besideByRound[round] ?? Number.NaN)),
      maxSpread,
    },
    bar,
  };
}
