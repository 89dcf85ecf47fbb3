import { comparePooled } from '../comparison.ts';
import { median, percentile } from '../percentile.ts';
import { type Row, ratioOfAtMost } from '../row.ts';

export interface StormRound {
  /** From the first handshake until the last client is up to date. */
  readonly ms: number;
  /** Of the API meanwhile. */
  readonly cpuMs: number;
  /** Commit → client of one that was connected all the time, in milliseconds: before, and meanwhile. */
  readonly idle: readonly number[];
  readonly during: readonly number[];
}

export interface StormRounds {
  readonly rounds: readonly StormRound[];
  /** Scans of the table, in one storm. */
  readonly reads: number;
}

/** A p99 of a hundred samples is its slowest. */
const MAX_SPREAD = 2.5;

/** @param what  the clients do. */
export function stormRows(what: string, { rounds, reads }: StormRounds): Row[] {
  const alone = { beside: null, bar: null } as const;
  return [
    { ...alone, what: `${what}: until all are up to date`, unit: 'ms', ours: median(rounds.map(({ ms }) => ms)) },
    { ...alone, what: `${what}: CPU`, unit: 'CPU s', ours: median(rounds.map(({ cpuMs }) => cpuMs)) / 1_000 },
    { ...alone, what: `${what}: scans of the table`, unit: 'reads', ours: reads },
    comparePooled(
      { ours: rounds.map(({ during }) => during), beside: rounds.map(({ idle }) => idle) },
      {
        what: `${what}: commit → client of another, p99`,
        besideKind: 'limit',
        besideWhat: 'ours idle',
        unit: 'ms',
        statistic: (samples) => percentile(samples, 0.99),
        maxSpread: MAX_SPREAD,
        bar: ratioOfAtMost(3),
      },
    ),
  ];
}
