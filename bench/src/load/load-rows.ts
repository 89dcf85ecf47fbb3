import { compare } from '../comparison.ts';
import { median } from '../percentile.ts';
import { canWatchProcesses } from '../process-usage.ts';
import type { Bar, Beside, Row } from '../row.ts';
import { type Load, medianOf } from './side.ts';

/** Rounds of a few seconds agree within this on a quiet machine. */
const MAX_SPREAD = 1.4;

interface Compared {
  readonly ours: readonly Load[];
  readonly beside: readonly Load[];
}

interface Described {
  readonly what: string;
  readonly besideKind: Beside['kind'];
  readonly besideWhat: string;
  readonly bar: Bar | null;
}

/** How much a second, with what a delivery costs beside it. */
export function rateRow(
  { ours, beside }: Compared,
  described: Described & { readonly figure: 'deliveriesPerSecond' | 'eventsPerSecond' },
): Row {
  const row = compare(
    { ours: samples(ours, described.figure), beside: samples(beside, described.figure) },
    { ...described, unit: 'per second', statistic: median, maxSpread: MAX_SPREAD },
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
    compare(
      { ours: samples(ours, 'cpuSecondsPer100k'), beside: samples(beside, 'cpuSecondsPer100k') },
      { ...described, unit: 'CPU s', statistic: median, maxSpread: MAX_SPREAD },
    ),
  ];
}

function samples(loads: readonly Load[], figure: keyof Load): number[][] {
  return loads.map((load) => [load[figure]]);
}
