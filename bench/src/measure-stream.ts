import { type Hub, startHub } from '@sync-hub/dev/hub';
import type { Closing } from '@sync-hub/runtime/closing';
import type { Log } from '@sync-hub/runtime/log';
import { signUpAuthor } from './author.ts';
import { startBareListener } from './bare-listener.ts';
import { closedOnce } from './closed-once.ts';
import { startCommitToClient } from './commit-to-client.ts';
import type { CoreLayout } from './core-layout.ts';
import type { CpuProfile } from './cpu-profile.ts';
import { inspectableEnv } from './inspector.ts';
import type { LatencyProbe } from './latency-probe.ts';
import { measureLatency } from './latency-rows.ts';
import { measureMutations } from './mutations/mutation-row.ts';
import type { Plan } from './plan.ts';
import { canWatchProcesses } from './process-usage.ts';
import { startProduceConsume } from './produce-consume.ts';
import { profileProcess } from './profile-process.ts';
import { measureRest } from './rest-rows.ts';
import { type Row, ratioOfAtMost } from './row.ts';

export interface StreamMeasurement {
  readonly rows: readonly Row[];
  /** Of each process at rest, when that was asked for. */
  readonly profiles: readonly NamedProfile[];
}

export interface NamedProfile {
  /** `api-kafka` */
  readonly name: string;
  readonly profile: CpuProfile;
}

interface Options {
  /** The Postgres stream when there are none. */
  readonly kafkaBrokers: readonly string[];
  readonly plan: Plan;
  readonly isProfiled: boolean;
  readonly layout: CoreLayout;
  readonly closing: Closing;
  readonly log: Log;
  /** Takes what is being measured now. */
  readonly tell: (step: string) => void;
}

/** Runs every row over one stream, on a hub of its own that has served nobody before. */
export async function measureStream(options: Options): Promise<StreamMeasurement> {
  const { kafkaBrokers, plan, isProfiled, layout, closing, log } = options;
  const stream = kafkaBrokers.length > 0 ? 'Kafka' : 'Postgres';
  const tell = (step: string) => options.tell(`${stream} stream: ${step}`);

  tell('starting a hub');
  const hub = await startHub({ kafkaBrokers, env: { NODE_ENV: 'production', ...(isProfiled ? inspectableEnv : {}) } });
  const close = closedOnce(closing, 'hub', hub.close);
  layout.move(hub.listener.pid, 'writing');
  for (const { pid } of hub.apis) layout.move(pid, 'reading');

  const rows: Row[] = [];
  if (canWatchProcesses) {
    tell('at rest');
    rows.push(...(await measureRest({ hub, stream, plan })));
  }
  const profiles = isProfiled ? await profileAll(hub, stream.toLowerCase(), plan.profileMs, tell) : [];

  const databaseUrl = hub.database.url;
  const author = await signUpAuthor({ hubUrl: hub.urls[0] ?? '', taskCount: plan.throughput.clients });
  tell('commit → client');
  const ours = await startCommitToClient({ author, databaseUrl });
  const beside =
    stream === 'Kafka' ? await startProduceConsume({ brokers: kafkaBrokers, log }) : await startBareListener();
  rows.push(...(await measureLatency({ stream, ours, beside, plan, ...comparedWith[stream] })));
  await closeAll(ours, beside);

  tell('mutations');
  rows.push(await measureMutations({ stream, author, databaseUrl, plan }));
  await close();
  return { rows, profiles };
}

/** Design, section 10. */
const comparedWith = {
  Kafka: { besideWhat: 'kafkajs produce → consume', bars: { p50: ratioOfAtMost(2), p99: ratioOfAtMost(2) } },
  Postgres: { besideWhat: 'bare LISTENer', bars: { p50: ratioOfAtMost(5), p99: null } },
} as const;

async function profileAll(hub: Hub, stream: string, durationMs: number, tell: (step: string) => void) {
  const profiles: NamedProfile[] = [];
  for (const [name, target] of [
    ['api', hub.apis[0]],
    ['listener', hub.listener],
  ] as const) {
    if (target === undefined) continue;
    tell(`profile of the ${name} at rest`);
    profiles.push({ name: `${name}-${stream}`, profile: await profileProcess(target, durationMs) });
  }
  return profiles;
}

async function closeAll(...probes: readonly LatencyProbe[]): Promise<void> {
  await Promise.all(probes.map((probe) => probe.close()));
}
