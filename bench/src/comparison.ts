import type { Bar, Beside, Row, Unit } from './row.ts';

/** The samples of one side, round by round. */
type Rounds = readonly (readonly number[])[];

export interface Comparison {
  readonly ours: Rounds;
  readonly beside: Rounds;
}

/**
 * Lets sides take turns, so that a machine that changes its pace changes it for all. Who begins changes, too.
 *
 * @param sides  each measures one round and gives its result.
 * @returns the results of each side, round by round.
 */
export async function takeTurns<Name extends string, Result>(
  rounds: number,
  sides: Readonly<Record<Name, () => Promise<Result>>>,
): Promise<Record<Name, readonly Result[]>> {
  const names = Object.keys(sides) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Result[]>;
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length];
      if (name !== undefined) results[name].push(await sides[name]());
    }
  return results;
}

/** One statistic of a comparison, over the samples of all rounds and in each round. */
export function compare(
  { ours, beside }: Comparison,
  {
    what,
    besideKind,
    besideWhat,
    unit,
    statistic,
    maxSpread,
    bar,
  }: {
    readonly what: string;
    readonly besideKind: Beside['kind'];
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
      kind: besideKind,
      what: besideWhat,
      value: statistic(beside.flat()),
      roundRatios: oursByRound.map((value, round) => value / (besideByRound[round] ?? Number.NaN)),
      maxSpread,
    },
    bar,
  };
}
