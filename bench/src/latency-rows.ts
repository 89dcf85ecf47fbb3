import { comparePooled, takeTurns } from './comparison.ts';
import { type LatencyProbe, takeSamples } from './latency-probe.ts';
import { percentile } from './percentile.ts';
import type { Plan } from './plan.ts';
import type { Bar, Row } from './row.ts';

/** Medians of rounds a few seconds apart agree closely; a round's own p99 is its slowest sample. */
const maxSpread = { p50: 1.3, p99: 2 };

interface Options {
  readonly stream: string;
  readonly beside: LatencyProbe;
  readonly besideWhat: string;
  readonly plan: Pick<Plan, 'rounds' | 'latency'>;
}

/** Commit → client on an idle hub, p50 and p99, beside the least that the store alone can do. */
export async function measureLatency({
  ours,
  bars,
  ...options
}: Options & {
  readonly ours: LatencyProbe;
  readonly bars: { readonly p50: Bar | null; readonly p99: Bar | null };
}): Promise<Row[]> {
  const { stream, plan } = options;
  for (const probe of [ours, options.beside]) await warmUp(probe, plan);
  const rowOf = await compareLatency(ours, options);
  return (['p50', 'p99'] as const).map((name) =>
    rowOf(`commit → client, idle, ${stream} stream, ${name}`, name, bars[name]),
  );
}

/** How much of that is the way into the log and out of it. @param toLog  ends there. */
export async function measureLatencyOfLog({ toLog, ...options }: Options & { readonly toLog: LatencyProbe }) {
  await warmUp(toLog, options.plan);
  const rowOf = await compareLatency(toLog, options);
  return rowOf(`of which commit → a reader of the log, ${options.stream} stream, p50`, 'p50', null);
}

/** In a row, for a hub that has just been started runs code that is not compiled yet, for thousands of changes. */
async function warmUp(probe: LatencyProbe, { latency }: Options['plan']): Promise<void> {
  await takeSamples(probe, { count: latency.warmUpSamples, pauseMs: 0 });
}

async function compareLatency(ours: LatencyProbe, { beside, besideWhat, plan }: Options) {
  const { samples, pauseMs } = plan.latency;
  const comparison = await takeTurns(plan.rounds, {
    ours: () => takeSamples(ours, { count: samples, pauseMs }),
    beside: () => takeSamples(beside, { count: samples, pauseMs }),
  });
  return (what: string, name: 'p50' | 'p99', bar: Bar | null): Row =>
    comparePooled(comparison, {
      what,
      besideKind: 'limit',
      besideWhat,
      unit: 'ms',
      statistic: (of) => percentile(of, name === 'p50' ? 0.5 : 0.99),
      maxSpread: maxSpread[name],
      bar,
    });
}
