import { randomUUID } from 'node:crypto';
import { createTestDatabase } from '@sync-hub/dev/test-database';
import { type Admin, Kafka, logLevel, type Message, Partitioners } from 'kafkajs';
import { createKafkaStream } from '../kafka-stream.ts';
import { createPostgresStream } from '../postgres-stream.ts';
import type { Stream } from '../stream.ts';
import type { StreamLog } from '../stream-log.ts';
import { silentLog } from './silent-log.ts';

/** An empty log of its own, for one test. */
export interface TestLog {
  /** Whether what is published again is there twice. */
  readonly keepsRepetitions: boolean;
  /** A stream over it, as each process has its own. */
  open(): Promise<Stream>;
  /** Deletes everything before this record, as retention does. Of a log without repetitions that starts at 1. */
  cutBefore(seq: number): Promise<void>;
  /** Closes every stream that was opened over it. */
  close(): Promise<void>;
}

export interface KafkaTestLog extends TestLog {
  readonly topic: string;
  readonly admin: Admin;
  /** @param log  what its readers warn of; nobody hears it unless given. */
  open(log?: StreamLog): Promise<Stream>;
  /** Puts messages of somebody else's on the topic. */
  put(messages: readonly Message[]): Promise<void>;
}

const DAY_MS = 24 * 60 * 60 * 1000;

export async function createPostgresLog(): Promise<TestLog> {
  const database = await createTestDatabase();
  const streams: Stream[] = [];
  return {
    keepsRepetitions: false,
    async open() {
      const stream = await createPostgresStream({ databaseUrl: database.url, retentionMs: DAY_MS, log: silentLog });
      streams.push(stream);
      return stream;
    },
    async cutBefore(seq) {
      await database.query('DELETE FROM sync.log WHERE seq < $1', [seq]);
    },
    async close() {
      await Promise.all(streams.map((stream) => stream.close()));
      await database.close();
    },
  };
}

export async function createKafkaLog(brokers: readonly string[]): Promise<KafkaTestLog> {
  const topic = `test-${randomUUID()}`;
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const streams: Stream[] = [];
  return {
    keepsRepetitions: true,
    topic,
    admin,
    async put(messages) {
      const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
      await producer.connect();
      await producer.send({ topic, messages: [...messages] });
      await producer.disconnect();
    },
    async open(log = silentLog) {
      const stream = await createKafkaStream({
        brokers,
        topic,
        retentionMs: DAY_MS,
        replicationFactor: 1,
        minInsyncReplicas: 1,
        log,
      });
      streams.push(stream);
      return stream;
    },
    async cutBefore(seq) {
      await admin.fetchTopicOffsets(topic); // kafkajs deletes only from topics whose metadata it has read.
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(seq - 1) }] });
    },
    async close() {
      await Promise.all(streams.map((stream) => stream.close()));
      await admin.deleteTopics({ topics: [topic] }).catch(() => undefined); // It was never made, or is gone.
      await admin.disconnect();
    },
  };
}
