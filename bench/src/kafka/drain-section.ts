import { setTimeout as sleep } from 'node:timers/promises';
import { createKafkaClient } from '@sync-hub/stream/kafka-client';
import type { Bench, Section } from '../bench.ts';
import { createBoard } from '../board.ts';
import { startPeer } from '../child.ts';
import { compareRounds, takeTurns } from '../comparison.ts';
import { createEventWriter } from '../load/event-writer.ts';
import type { Batches } from '../peers/kafkajs-batches.ts';
import { ratioOfAtLeast } from '../row.ts';
import { besideServer, startStage } from '../stage.ts';
import { takeLeadership } from './leadership.ts';
import { followTopic } from './topic-end.ts';

const MAX_SPREAD = 1.3;
const RETRIES = 14;

/** How fast a backlog in the outbox gets to Kafka, beside kafkajs, which has its batches ready. */
export const drain: Section = {
  name: 'drain',
  cores:
    'listener, and kafkajs alone, have the second half of the cores; PostgreSQL, Kafka and bench share the first; nobody reads the topic meanwhile',
  async measure(bench) {
    return bench.kafkaBrokers.length === 0 ? [] : besideServer(bench, () => measure(bench));
  },
};

async function measure(bench: Bench) {
  const { kafkaBrokers: brokers, plan, log, layout, tell } = bench;
  const { records, rowsInTransaction } = plan.drain;
  const stage = await startStage(bench, { kafkaBrokers: brokers });
  for (const { pid } of stage.hub.apis) layout.move(pid, 'writing');
  layout.move(stage.hub.listener.pid, 'reading');
  const client = createKafkaClient({ brokers, log }, RETRIES);
  const topic = await followTopic(client, new URL(stage.hub.database.url).pathname.slice(1));
  const board = await createBoard(stage.hub.database, rowsInTransaction);
  const writer = await createEventWriter({ databaseUrl: stage.hub.database.url, table: 'tasks', ids: board.ids });
  const peer = await startPeer(bench, 'kafkajs-batches', { brokers });

  const drainOf = async (waiting: number, draining: (drain: () => Promise<number>) => Promise<unknown>) => {
    const giveBack = await takeLeadership(stage.hub.database.url);
    for (let written = 0; written < waiting; written += rowsInTransaction) await writer.commitRows(rowsInTransaction);
    await draining(async () => {
      // What the API does with what it reads is not measured, and must not stand in PostgreSQL's and Kafka's way: the topic
      // that kafkajs alone writes is not read either.
      for (const { pid } of stage.hub.apis) process.kill(pid, 'SIGSTOP');
      try {
        const rate = topic.rateOf(waiting);
        await giveBack();
        return await rate;
      } finally {
        for (const { pid } of stage.hub.apis) process.kill(pid, 'SIGCONT');
      }
    });
    await sleep(plan.drain.settleMs); // Until it rests again.
  };
  const ours = async () => {
    let rate = Number.NaN;
    await drainOf(records, async (drain) => {
      rate = await drain();
    });
    return rate;
  };
  tell(`${records} records`);
  await ours(); // Warm-up, and records whose size the other side can take.
  const batches: Batches = { records, recordBytes: await topic.recordBytes(records), batchBytes: 1_000_000 };
  const beside = async () => (await peer.ask<{ rate: number }>(batches)).rate;
  await beside();
  const turns = await takeTurns(Math.min(plan.rounds, plan.drain.rounds), { ours, beside });
  const { profiler } = bench;
  const of = { name: 'listener-drain-kafka', what: 'listener, draining to Kafka' };
  if (profiler !== null) {
    tell('profile');
    await drainOf(2 * records, (drain) => profiler.during(of, stage.hub.listener, drain));
  }

  await Promise.all([topic.close(), writer.close(), peer.close()]);
  client.destroy();
  await stage.close();
  return [
    compareRounds(turns, {
      what: `outbox → Kafka, ${records} records that wait`,
      besideKind: 'limit',
      besideWhat: `kafkajs alone, ready batches of 1 MB, records of ${batches.recordBytes} bytes`,
      unit: 'per second',
      maxSpread: MAX_SPREAD,
      bar: ratioOfAtLeast(0.8),
    }),
  ];
}
