import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHub } from '@sync-hub/dev/hub';
import { startKafka } from '@sync-hub/dev/kafka';
import { waitFor } from '@sync-hub/dev/wait-for';
import type { Closing } from '@sync-hub/runtime/closing';
import type { Log } from '@sync-hub/runtime/log';
import { signUpAuthor } from './author.ts';
import { createHttpUpdates } from './mutations/http-updates.ts';
import { measurePaced } from './paced.ts';
import { followTasks } from './task-log.ts';

export interface OutageSettings {
  /** How long Kafka is away while clients write. */
  readonly durationMs: number;
  /** No more mutations than this are begun. */
  readonly writesPerSecond: number;
  readonly clients: number;
}

export interface Outage {
  /** Mutations that were answered while Kafka was away; another answer than success ends the run with an error. */
  readonly written: number;
  readonly writeRate: number;
  readonly slowestWriteMs: number;
  /** From the start of the broker's process to the first change that a reader was told. */
  readonly untilDrainingMs: number;
  /** Of what had waited, told to a reader of the topic: whole, once, in order, or the run ends with an error. */
  readonly drainRate: number;
}

/**
 * Kills the only Kafka broker (kill -9) under clients that go on updating tasks through the API, starts it again when
 * they have stopped, and measures how fast a reader is told what they wrote. Needs a PostgreSQL in TEST_POSTGRES_URL.
 */
export async function measureOutage({
  settings,
  folder,
  closing,
  log,
  tell,
}: {
  readonly settings: OutageSettings;
  readonly folder: string;
  readonly closing: Closing;
  readonly log: Log;
  readonly tell: (step: string) => void;
}): Promise<Outage> {
  const { durationMs, writesPerSecond, clients } = settings;
  const kafka = await startKafka({ dataDir: join(folder, 'outage-kafka') });
  closing.add('Kafka', kafka.close);
  const hub = await startHub({ kafkaBrokers: kafka.brokers, env: { NODE_ENV: 'production' } });
  closing.add('hub', hub.close);
  const author = await signUpAuthor({ hubUrl: hub.urls[0] ?? '', taskCount: clients });
  const topic = new URL(hub.database.url).pathname.slice(1);
  const reader = await followTasks({ brokers: kafka.brokers, topic, log });
  closing.add('reader', reader.close);
  await waitFor(() => reader.told() === clients, { what: 'the tasks on the topic' });

  const load = await createHttpUpdates(author);
  closing.add('clients', load.close);
  tell(`Kafka is killed; ${clients} clients write for ${durationMs / 1_000} s`);
  for (const node of kafka.nodes) await node.kill();
  const writes = await measurePaced(load, { clients, durationMs, perSecond: writesPerSecond });
  const before = reader.told();
  if (before !== clients) throw new Error(`${before - clients} changes were told while Kafka was away`);

  tell(`${writes.done} mutations have committed; Kafka is started`);
  const startedAt = performance.now();
  for (const node of kafka.nodes) node.start();
  await waitFor(() => reader.told() > before, { what: 'the first change', timeoutMs: 120_000 });
  const drainingAt = performance.now();
  await waitFor(() => reader.told() === before + writes.done, { what: 'all changes', timeoutMs: durationMs + 60_000 });
  const drainedAt = performance.now();
  await sleep(2_000); // Whatever came twice would come now.
  if (reader.told() !== before + writes.done || reader.faults() > 0)
    throw new Error(`${reader.told() - before} of ${writes.done} changes were told, ${reader.faults()} out of order`);

  return {
    written: writes.done,
    writeRate: writes.rate,
    slowestWriteMs: writes.slowestMs,
    untilDrainingMs: drainingAt - startedAt,
    drainRate: (writes.done / (drainedAt - drainingAt)) * 1_000,
  };
}

/** One line a figure. */
export function formatOutage({ written, writeRate, slowestWriteMs, untilDrainingMs, drainRate }: Outage): string {
  return [
    `written while Kafka was away   ${written} mutations, ${writeRate.toFixed(0)} per second, slowest ${slowestWriteMs.toFixed(0)} ms`,
    `first change after its start   ${(untilDrainingMs / 1_000).toFixed(1)} s`,
    `drained                        ${drainRate.toFixed(0)} per second, each once and in order`,
    `ratio                          ${(drainRate / writeRate).toFixed(1)} × (bar: at least 5 ×)`,
  ].join('\n');
}
