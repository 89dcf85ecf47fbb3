import { compareRounds } from '../comparison.ts';
import { median } from '../percentile.ts';
import type { Row, Unit } from '../row.ts';

/** Quartiles of rounds that last a second. */
const MAX_SPREAD = 1.5;

/** One step of something that grows. */
export interface Step {
  readonly what: string;
  /** In short, for the rows of the larger ones: each is held against the first. */
  readonly besideWhat: string;
  /** Of a single delivery, event or row, in each round. */
  readonly costs: readonly number[];
}

/** A row for each step, the first of them alone. What costs the same however many there are, has a ratio of 1. */
export function growthRows(unit: Unit, steps: readonly Step[]): Row[] {
  const [first] = steps;
  return steps.map((step) => {
    const { what, costs } = step;
    if (first === undefined || step === first) return { what, unit, ours: median(costs), beside: null, bar: null };
    return compareRounds(
      { ours: costs, beside: first.costs },
      { what, unit, besideKind: 'limit', besideWhat: `ours ${first.besideWhat}`, maxSpread: MAX_SPREAD, bar: null },
    );
  });
}
