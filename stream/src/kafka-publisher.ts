import type { Producer } from 'kafkajs';
import { atMost } from './deadline.ts';
import type { KafkaClient } from './kafka-client.ts';
import { inOwnEncoding } from './kafka-own-encoding.ts';
import type { EncodedRecord } from './stream.ts';

/** Framing of a record within a Kafka batch (KIP-98: lengths, deltas, attributes), rounded up. */
export const RECORD_OVERHEAD_BYTES = 64;
/** Framing of the batch itself, rounded up. */
export const BATCH_OVERHEAD_BYTES = 256;

const DISCONNECT_TIMEOUT_MS = 3_000;

/** Sends records to the topic's one partition, in order, acknowledged by all replicas in sync. */
export interface KafkaPublisher {
  /** Rejects with an unknown outcome: none, some or all of the records may be on the topic. */
  publish(records: readonly EncodedRecord[]): Promise<void>;
  /** A publish that is under way rejects. */
  close(): Promise<void>;
}

/**
 * @param prepare        makes sure that the topic is there; called before each new producer.
 * @param maxBatchBytes  what the topic takes at once; a chunk is one batch.
 */
export function createKafkaPublisher({
  connect,
  topic,
  prepare,
  maxBatchBytes,
}: {
  connect: () => KafkaClient;
  topic: string;
  prepare: () => Promise<unknown>;
  maxBatchBytes: number;
}): KafkaPublisher {
  let isClosed = false;
  let abandon = (_reason: Error): void => {};
  let open: { readonly client: KafkaClient; readonly producer: Producer } | null = null;

  async function connected(): Promise<Producer> {
    if (open === null) {
      await prepare();
      if (isClosed) throw new Error('the stream was closed');
      const client = connect();
      open = { client, producer: client.producer() };
      await open.producer.connect();
    }
    return open.producer;
  }

  async function send(chunk: readonly EncodedRecord[]): Promise<void> {
    const producer = await connected();
    await producer.send({ topic, acks: -1, messages: inOwnEncoding(chunk) });
  }

  async function disconnect(): Promise<void> {
    if (open === null) return;
    const { client, producer } = open;
    open = null;
    await atMost(DISCONNECT_TIMEOUT_MS, producer.disconnect());
    client.destroy();
  }

  return {
    async publish(records) {
      try {
        for (const chunk of chunks(records, maxBatchBytes)) {
          const sending = send(chunk);
          await new Promise<void>((resolve, reject) => {
            abandon = reject;
            sending.then(resolve, reject);
          });
        }
      } catch (cause) {
        // kafkajs takes back the sequence numbers of a send that failed, though the broker may have written it. Other
        // records under the same numbers would then be acknowledged as a repetition and never written. A new producer
        // has numbers of its own; what is sent twice, readers drop.
        await disconnect();
        const [first, last] = [records[0]?.seq, records.at(-1)?.seq];
        throw new Error(`publishing ${first} to ${last} on topic ${topic} has an unknown outcome: ${reason(cause)}`, {
          cause,
        });
      }
    },
    async close() {
      isClosed = true;
      abandon(new Error('the stream was closed'));
      await disconnect();
    },
  };
}

/** Cuts records into runs that fit one batch each. kafkajs makes one batch of a send, however large it is. */
export function* chunks(records: readonly EncodedRecord[], maxBatchBytes: number): Generator<readonly EncodedRecord[]> {
  let chunk: EncodedRecord[] = [];
  let bytes = BATCH_OVERHEAD_BYTES;
  for (const record of records) {
    const added = record.bytes + RECORD_OVERHEAD_BYTES;
    if (chunk.length > 0 && bytes + added > maxBatchBytes) {
      yield chunk;
      chunk = [];
      bytes = BATCH_OVERHEAD_BYTES;
    }
    chunk.push(record);
    bytes += added;
  }
  if (chunk.length > 0) yield chunk;
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
