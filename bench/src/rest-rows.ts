import { setTimeout as sleep } from 'node:timers/promises';
import type { Hub } from '@sync-hub/dev/hub';
import type { Plan } from './plan.ts';
import { watchProcesses } from './process-usage.ts';
import type { Bar, Row } from './row.ts';

const rssBar: Bar = { of: 'ours', atMost: 150 };
const cpuBar: Bar = { of: 'ours', atMost: 2 };

/** What API and listener use when they have just started and nobody calls: heartbeats go from one to the other. */
export async function measureRest({
  hub,
  stream,
  plan,
}: {
  readonly hub: Hub;
  readonly stream: string;
  readonly plan: Plan;
}): Promise<Row[]> {
  const processes = [...hub.apis.map(({ pid }) => ({ name: 'API', pid })), { name: 'listener', pid: hub.listener.pid }];
  await sleep(plan.settleMs);
  const usages = await watchProcesses(
    processes.map(({ pid }) => pid),
    plan.restMs,
  );
  return usages.flatMap(({ rssBytes, cpuShare }, index) => {
    const what = `${processes[index]?.name} at rest, ${stream} stream`;
    return [
      { what: `${what}, RSS`, unit: 'MB', ours: rssBytes / 1e6, beside: null, bar: rssBar },
      // Issue 3 sets the bar for Kafka, whose client library is the one that spins.
      {
        what: `${what}, CPU`,
        unit: '% of a core',
        ours: cpuShare * 100,
        beside: null,
        bar: stream === 'Kafka' ? cpuBar : null,
      },
    ] satisfies Row[];
  });
}
