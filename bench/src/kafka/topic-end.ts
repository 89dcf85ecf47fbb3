import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaClient } from '@sync-hub/stream/kafka-client';

/** Watches how a topic of one partition grows. */
export interface TopicEnd {
  /** Resolves when so many records more are there. @returns how many came a second, from the last look that saw none. */
  rateOf(records: number): Promise<number>;
  /** Of the last so many values on the topic, on average, as far as one fetch shows. */
  recordBytes(records: number): Promise<number>;
  close(): Promise<void>;
}

/** Shortest time between two looks: a hundredth of what is measured … */
const LOOK_EVERY_MS = 10;
/** … and the longest. A look costs this process and the broker a few milliseconds of the core that they share with PostgreSQL. */
const LOOK_SELDOM_MS = 100;
const TIMEOUT_MS = 120_000;

export async function followTopic(client: KafkaClient, topic: string): Promise<TopicEnd> {
  const admin = client.admin();
  await admin.connect();
  const end = async () => Number((await admin.fetchTopicOffsets(topic))[0]?.high);

  return {
    async rateOf(records) {
      const before = await end();
      const givesUpAtMs = performance.now() + TIMEOUT_MS;
      let startedAtMs = performance.now();
      for (;;) {
        const atMs = performance.now();
        const there = (await end()) - before;
        if (there >= records) return (records / (performance.now() - startedAtMs)) * 1_000;
        // A heartbeat or two come before what has waited.
        if (there < records / 100) startedAtMs = atMs;
        if (atMs > givesUpAtMs) throw new Error(`${there} of ${records} records came to the topic`);
        // The nearer the end, the more often.
        const leftMs = ((atMs - startedAtMs) / there) * (records - there);
        await sleep(
          atMs === startedAtMs ? LOOK_EVERY_MS : Math.min(Math.max(leftMs / 4, LOOK_EVERY_MS), LOOK_SELDOM_MS),
        );
      }
    },
    async recordBytes(records) {
      const offset = String(Math.max((await end()) - records, 0));
      const consumer = client.consumer(`${topic}-sizes`);
      await consumer.connect();
      await consumer.subscribe({ topics: [topic] });
      try {
        return await new Promise<number>((resolve, reject) => {
          consumer
            .run({
              autoCommit: false,
              async eachBatch({ batch: { messages } }) {
                if (messages[0]?.offset !== offset) return;
                const sizes = messages.map(({ value }) => value?.length ?? 0);
                resolve(Math.round(sizes.reduce((a, b) => a + b, 0) / sizes.length));
              },
            })
            .catch(reject);
          consumer.seek({ topic, partition: 0, offset });
        });
      } finally {
        await consumer.disconnect();
      }
    },
    close: () => admin.disconnect(),
  };
}
