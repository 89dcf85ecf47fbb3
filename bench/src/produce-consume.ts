import { randomUUID } from 'node:crypto';
import type { Log } from '@sync-hub/runtime/log';
import { createKafkaClient } from '@sync-hub/stream/kafka-client';
import { ensureTopic } from '@sync-hub/stream/kafka-topic';
import { createArrivals } from './arrivals.ts';
import type { LatencyProbe } from './latency-probe.ts';

/** What the record of a changed task takes, roughly. */
const RECORD_BYTES = 1_500;
const RETRIES = 14;

/**
 * The least that can be done with Kafka alone: kafkajs produces a record (acks −1, idempotent), and consumes it in the
 * same process, with the clients and the topic that our own stream makes.
 *
 * Measured from the call of `send` to the handler's call with the record.
 */
export async function startProduceConsume({
  brokers,
  log,
}: {
  readonly brokers: readonly string[];
  readonly log: Log;
}): Promise<LatencyProbe> {
  const topic = `bench-${randomUUID()}`;
  const arrivals = createArrivals('a consumed record');
  const client = createKafkaClient({ brokers, log }, RETRIES);
  const admin = client.admin();
  await admin.connect();
  await ensureTopic(admin, { topic, retentionMs: 3_600_000, replicationFactor: 1, minInsyncReplicas: 1 }, log);

  const consumer = client.consumer(topic);
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    async eachBatch({ batch }) {
      for (const { key } of batch.messages) arrivals.note(key?.toString() ?? '');
    },
  });
  const producer = client.producer();
  await producer.connect();
  const value = 'x'.repeat(RECORD_BYTES);

  return {
    async sample() {
      const key = randomUUID();
      const sentAtMs = performance.now();
      const [arrivedAtMs] = await Promise.all([
        arrivals.expect(key),
        producer.send({ topic, acks: -1, messages: [{ key, value, partition: 0 }] }),
      ]);
      return arrivedAtMs - sentAtMs;
    },
    async close() {
      await Promise.all([producer.disconnect(), consumer.disconnect()]);
      await admin.deleteTopics({ topics: [topic] });
      await admin.deleteGroups([topic]);
      await admin.disconnect();
      client.destroy();
    },
  };
}
