/**
 * The limit of whatever sends records to Kafka through kafkajs: batches that are ready, of one size, one after the other,
 * acknowledged by all replicas, with the producer that our own stream makes.
 */
import { randomUUID } from 'node:crypto';
import { createLog } from '@sync-hub/runtime/log';
import { createKafkaClient } from '@sync-hub/stream/kafka-client';
import { ensureTopic } from '@sync-hub/stream/kafka-topic';
import { onMessage, readSettings, ready } from '../serve.ts';

export interface Batches {
  readonly records: number;
  readonly recordBytes: number;
  /** As Kafka counts it: no more than the topic takes. */
  readonly batchBytes: number;
}

const RETRIES = 14;
/** What a record takes beside its key and its value, at most: its lengths, its place in the batch, its time. */
const RECORD_OVERHEAD_BYTES = 30;

const { brokers } = readSettings<{ brokers: readonly string[] }>();
const log = createLog({ name: 'kafkajs-batches', level: 'warn' }, process.stderr);
const client = createKafkaClient({ brokers, log }, RETRIES);
const topic = `bench-${randomUUID()}`;
const admin = client.admin();
await admin.connect();
await ensureTopic(admin, { topic, retentionMs: 3_600_000, replicationFactor: 1, minInsyncReplicas: 1 }, log);
const producer = client.producer();
await producer.connect();

onMessage(async ({ records, recordBytes, batchBytes }: Batches) => {
  const key = randomUUID();
  const value = 'x'.repeat(recordBytes);
  const inBatch = Math.max(1, Math.floor(batchBytes / (recordBytes + key.length + RECORD_OVERHEAD_BYTES)));
  const messages = Array.from({ length: inBatch }, () => ({ key, value, partition: 0 }));
  const startedAtMs = performance.now();
  for (let sent = 0; sent < records; sent += inBatch)
    await producer.send({ topic, acks: -1, messages: messages.slice(0, Math.min(inBatch, records - sent)) });
  return { rate: (records / (performance.now() - startedAtMs)) * 1_000 };
});
ready();
