import type { Admin } from 'kafkajs';
import { createStream } from './create-stream.ts';
import { type OffsetRange, readKafkaBounds } from './kafka-bounds.ts';
import { createKafkaClient, type KafkaConnection, withAdmin } from './kafka-client.ts';
import { EARLIEST_OFFSET, type PartitionSource } from './kafka-partition.ts';
import { BATCH_OVERHEAD_BYTES, createKafkaPublisher, RECORD_OVERHEAD_BYTES } from './kafka-publisher.ts';
import { startKafkaReader } from './kafka-reader.ts';
import { ensureTopic, type TopicSettings } from './kafka-topic.ts';
import { MAX_RECORD_BYTES } from './record-limits.ts';
import type { Stream } from './stream.ts';

export interface KafkaStreamSettings extends KafkaConnection, TopicSettings {}

/** About 12 s of a broker that is down: it restarts meanwhile, and few outcomes are unknown. */
const PATIENT_RETRIES = 14;
/** About 2.5 s: readers try for ever by themselves, and what still tries when they are closed ends soon. */
const BRIEF_RETRIES = 5;

/**
 * The log as a Kafka topic of one partition, made whenever it is not there.
 *
 * @throws {TopicUnusableError} when the topic would lose or disorder records.
 * @throws kafkajs's own error when no broker answers within about 12 s.
 */
export async function createKafkaStream(settings: KafkaStreamSettings): Promise<Stream> {
  const { topic, log } = settings;
  const connect = () => createKafkaClient(settings, PATIENT_RETRIES);
  const source: PartitionSource = { connect: () => createKafkaClient(settings, BRIEF_RETRIES), topic, log };
  const prepare = () => withAdmin(connect, (admin) => ensureTopic(admin, settings, log));

  const maxBatchBytes = await prepare();
  const maxRecordBytes = Math.min(MAX_RECORD_BYTES, maxBatchBytes - BATCH_OVERHEAD_BYTES - RECORD_OVERHEAD_BYTES);
  const publisher = createKafkaPublisher({ connect, topic, prepare, maxBatchBytes });

  /** A topic that was deleted meanwhile is made again: the relay asks for its bounds before it sends anything into it. */
  const range = () =>
    withAdmin(connect, async (admin) => {
      await ensureTopic(admin, settings, log);
      return offsetRange(admin, topic);
    });

  return createStream({
    maxRecordBytes,
    inStatement: null,
    store: publisher.publish,
    async read(from, sink) {
      if (from === 'earliest') return startKafkaReader(source, { position: null, offset: EARLIEST_OFFSET, sink });
      if (from !== 'latest') return startKafkaReader(source, { position: from, offset: null, sink });
      const { low, high } = await range();
      const bounds = await readKafkaBounds(source, { low, high });
      return startKafkaReader(source, { position: bounds?.newest ?? null, offset: high, sink });
    },
    bounds: async () => readKafkaBounds(source, await range()),
    close: publisher.close,
  });
}

async function offsetRange(admin: Admin, topic: string): Promise<OffsetRange> {
  const [partition] = await admin.fetchTopicOffsets(topic);
  if (partition === undefined) throw new Error(`topic ${topic} has no partition`);
  return { low: Number(partition.low), high: Number(partition.high) };
}
