import type { Batch } from 'kafkajs';
import { atMost } from './deadline.ts';
import { type KafkaClient, SESSION_TIMEOUT_MS } from './kafka-client.ts';

/** Twice what the broker itself waits for a member: kafkajs had every chance to notice by itself. */
const SILENCE_MS = 2 * SESSION_TIMEOUT_MS;
const LEAVE_TIMEOUT_MS = 3_000;

export interface Consumption {
  /** For this consumer alone: it is destroyed at its end, so that nothing of a consumer that failed lives on. */
  readonly client: KafkaClient;
  readonly topic: string;
  /** Used by nobody else: members of one group would share the partition between them. */
  readonly groupId: string;
  /**
   * The partition was handed over, for the first time or again. kafkajs would go on where the group last committed,
   * which is nowhere: `seek` must be called now, every time, or records are passed over without a word.
   */
  onJoin(seek: (offset: number) => void): void;
  /**
   * Called with one batch at a time; the next is fetched when it resolves.
   *
   * @param isStale  the batch is not to be used (any more): another offset was sought, or this consumer has ended.
   */
  onBatch(batch: Batch, isStale: () => boolean): Promise<void>;
  /** This consumer has ended: an `onBatch` that is still waiting must resolve now. */
  onOver(): void;
  readonly signal: AbortSignal;
}

/**
 * Runs one kafkajs consumer over partition 0.
 *
 * @returns when `signal` aborts, having left the group.
 * @throws whatever ended the consumer: kafkajs gave up, was given no partition, or has fallen silent.
 */
export async function consume({ client, topic, groupId, onJoin, onBatch, onOver, signal }: Consumption): Promise<void> {
  const consumer = client.consumer(groupId);
  let lastSignMs = Date.now();
  let isWorking = false;
  let isOver = false;
  let watchdog: NodeJS.Timeout | undefined;
  let onAbort = () => {};

  const ended = new Promise<void>((resolve, reject) => {
    onAbort = resolve;
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) resolve();
    consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberAssignment } }) => {
      if (!memberAssignment[topic]?.includes(0)) reject(new Error(`the group was given nothing of topic ${topic}`));
      else onJoin((offset) => consumer.seek({ topic, partition: 0, offset: String(offset) }));
    });
    consumer.on(consumer.events.CRASH, ({ payload: { error } }) => reject(error));
    consumer.on(consumer.events.FETCH, () => {
      lastSignMs = Date.now();
    });
    watchdog = setInterval(() => {
      const silentMs = Date.now() - lastSignMs;
      if (!isWorking && silentMs > SILENCE_MS) reject(new Error(`the consumer has not fetched for ${silentMs} ms`));
    }, 1_000);
    start().catch(reject);
  });

  async function start(): Promise<void> {
    await consumer.connect();
    // kafkajs falls back on `fromBeginning` when an offset is not kept (any more).
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      async eachBatch({ batch, isStale }) {
        isWorking = true;
        await onBatch(batch, () => isOver || isStale());
        isWorking = false;
        lastSignMs = Date.now();
      },
    });
  }

  try {
    await ended;
  } finally {
    clearInterval(watchdog);
    signal.removeEventListener('abort', onAbort);
    isOver = true;
    onOver();
    await atMost(LEAVE_TIMEOUT_MS, consumer.disconnect());
    client.destroy();
  }
}
