import { comparePooled, takeTurns } from './comparison.ts';
import { type LatencyProbe, takeSamples } from './latency-probe.ts';
import { percentile } from './percentile.ts';
import type { Plan } from './plan.ts';
import type { Bar, Row } from './row.ts';

/** Medians of rounds a few seconds apart agree closely; a round's own p99 is its slowest sample. */
const maxSpread = { p50: 1.3, p99: 2 };

/** Commit → client on an idle hub, p50 and p99, beside the least that the store alone can do. */
export async function measureLatency({
  stream,
  ours,
  beside,
  besideWhat,
  bars,
  plan: { rounds, latency },
}: {
  readonly stream: string;
  readonly ours: LatencyProbe;
  readonly beside: LatencyProbe;
  readonly besideWhat: string;
  readonly bars: { readonly p50: Bar | null; readonly p99: Bar | null };
  readonly plan: Plan;
}): Promise<Row[]> {
  const { warmUpSamples, samples, pauseMs } = latency;
  for (const probe of [ours, beside]) await takeSamples(probe, { count: warmUpSamples, pauseMs });
  const comparison = await takeTurns(rounds, {
    ours: () => takeSamples(ours, { count: samples, pauseMs }),
    beside: () => takeSamples(beside, { count: samples, pauseMs }),
  });
  return (['p50', 'p99'] as const).map((name) =>
    comparePooled(comparison, {
      what: `commit → client, idle, ${stream} stream, ${name}`,
      besideKind: 'limit',
      besideWhat,
      unit: 'ms',
      statistic: (of) => percentile(of, name === 'p50' ? 0.5 : 0.99),
      maxSpread: maxSpread[name],
      bar: bars[name],
    }),
  );
}
