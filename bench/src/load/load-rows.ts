import { compareRounds, type Described as DescribedRow } from '../comparison.ts';
import { canWatchProcesses } from '../process-usage.ts';
import type { Row } from '../row.ts';
import { type Load, medianOf } from './side.ts';

/** Quartiles of rounds of a second or two lie within this on a quiet machine. */
const MAX_SPREAD = 1.4;

interface Compared {
  readonly ours: readonly Load[];
  readonly beside: readonly Load[];
}

type Described = Omit<DescribedRow, 'unit' | 'maxSpread'>;

/** How much a second, with what a delivery costs beside it. */
export function rateRow(
  { ours, beside }: Compared,
  described: Described & { readonly figure: 'deliveriesPerSecond' | 'eventsPerSecond' },
): Row {
  const row = compareRounds(
    { ours: figures(ours, described.figure), beside: figures(beside, described.figure) },
    { ...described, unit: 'per second', maxSpread: MAX_SPREAD },
  );
  if (!canWatchProcesses) return row;
  return {
    ...row,
    cpu: { ours: medianOf(ours, 'cpuSecondsPer100k'), beside: medianOf(beside, 'cpuSecondsPer100k') },
  };
}

/** What deliveries cost the serving process. None where that cannot be known. */
export function cpuRows({ ours, beside }: Compared, described: Described): Row[] {
  if (!canWatchProcesses) return [];
  return [
    compareRounds(
      { ours: figures(ours, 'cpuSecondsPer100k'), beside: figures(beside, 'cpuSecondsPer100k') },
      { ...described, unit: 'CPU s', maxSpread: MAX_SPREAD },
    ),
  ];
}

function figures(loads: readonly Load[], figure: keyof Load): number[] {
  return loads.map((load) => load[figure]);
}
