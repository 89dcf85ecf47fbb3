import { setTimeout as sleep } from 'node:timers/promises';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import type { Closing } from '@sync-hub/runtime/closing';
import type { Log } from '@sync-hub/runtime/log';
import { signUpAuthor } from './author.ts';
import { startBareListener } from './bare-listener.ts';
import { closedOnce } from './closed-once.ts';
import { startCommitToClient } from './commit-to-client.ts';
import { startCommitToLog } from './commit-to-log.ts';
import type { CoreLayout } from './core-layout.ts';
import { inspectableEnv } from './inspector.ts';
import { measureLatency, measureLatencyOfLog } from './latency-rows.ts';
import { measureMutations } from './mutations/mutation-row.ts';
import type { Plan } from './plan.ts';
import { canWatchProcesses } from './process-usage.ts';
import { startProduceConsume } from './produce-consume.ts';
import type { Profiler } from './profiler.ts';
import { measureRest } from './rest-rows.ts';
import { type Row, ratioOfAtMost } from './row.ts';

interface Options {
  /** The Postgres stream when there are none. */
  readonly kafkaBrokers: readonly string[];
  readonly plan: Plan;
  /** Null: no profile was asked for. */
  readonly profiler: Profiler | null;
  readonly layout: CoreLayout;
  readonly closing: Closing;
  readonly log: Log;
  /** Takes what is being measured now. */
  readonly tell: (step: string) => void;
}

/** Runs every row over one stream, on a hub of its own that has served nobody before. */
export async function measureStream(options: Options): Promise<readonly Row[]> {
  const { kafkaBrokers, plan, profiler, layout, closing, log } = options;
  const stream = kafkaBrokers.length > 0 ? 'Kafka' : 'Postgres';
  const tell = (step: string) => options.tell(`${stream} stream: ${step}`);

  tell('starting a hub');
  const hub = await startHub({
    kafkaBrokers,
    env: { NODE_ENV: 'production', ...(profiler === null ? {} : inspectableEnv) },
  });
  const close = closedOnce(closing, 'hub', hub.close);
  layout.move(hub.listener.pid, 'writing');
  for (const { pid } of hub.apis) layout.move(pid, 'reading');

  const rows: Row[] = [];
  if (canWatchProcesses) {
    tell('at rest');
    rows.push(...(await measureRest({ hub, stream, plan })));
  }
  if (profiler !== null) await profileRest(profiler, { hub, stream, durationMs: plan.profileMs, tell });

  const databaseUrl = hub.database.url;
  const author = await signUpAuthor({ hubUrl: hub.urls[0] ?? '', taskCount: plan.throughput.clients });
  tell('commit → client');
  const ours = await startCommitToClient({ author, databaseUrl });
  const beside =
    stream === 'Kafka' ? await startProduceConsume({ brokers: kafkaBrokers, log }) : await startBareListener();
  const { besideWhat, bars } = comparedWith[stream];
  rows.push(...(await measureLatency({ stream, ours, beside, besideWhat, bars, plan })));
  await ours.close();
  const toLog = await startCommitToLog({ author, databaseUrl, brokers: kafkaBrokers, log });
  rows.push(await measureLatencyOfLog({ stream, toLog, beside, besideWhat, plan }));
  await Promise.all([toLog.close(), beside.close()]);

  tell('mutations');
  rows.push(await measureMutations({ stream, author, databaseUrl, plan }));
  await close();
  return rows;
}

/** What each stream is measured beside, and what is asked of it. */
const comparedWith = {
  Kafka: { besideWhat: 'kafkajs produce → consume', bars: { p50: ratioOfAtMost(2), p99: ratioOfAtMost(2) } },
  Postgres: { besideWhat: 'bare LISTENer', bars: { p50: ratioOfAtMost(5), p99: null } },
} as const;

async function profileRest(
  profiler: Profiler,
  {
    hub,
    stream,
    durationMs,
    tell,
  }: {
    readonly hub: Hub;
    readonly stream: string;
    readonly durationMs: number;
    readonly tell: Options['tell'];
  },
): Promise<void> {
  for (const [name, target] of [
    ['API', hub.apis[0]],
    ['listener', hub.listener],
  ] as const) {
    if (target === undefined) continue;
    tell(`profile of the ${name} at rest`);
    const of = { name: `${name}-${stream}`.toLowerCase(), what: `${name} at rest, ${stream} stream` };
    await profiler.during(of, target, () => sleep(durationMs));
  }
}
