import { describe, expect, test } from '@jest/globals';
import { type Admin, Kafka, logLevel } from 'kafkajs';

/** The brokers of this run, as host:port; undefined when it has none. */
export function testKafkaBrokers(): string[] | undefined {
  return process.env['TEST_KAFKA_BROKERS']?.split(',');
}

/**
 * `describe` for tests that need Kafka. Where there is none they are skipped, which jest-setup.ts says loudly; under
 * REQUIRE_KAFKA=1, as in CI, they fail.
 */
export function describeWithKafka(name: string, define: (brokers: string[]) => void): void {
  const brokers = testKafkaBrokers();
  const reason = process.env['TEST_KAFKA_MISSING'];
  if (brokers !== undefined) {
    describe(name, () => define(brokers));
  } else if (reason !== undefined && process.env['REQUIRE_KAFKA'] !== '1') {
    describe.skip(`${name} (skipped: ${reason})`, () => define([]));
  } else {
    test(name, () =>
      expect(`no Kafka: ${reason ?? 'this test file does not mention it, so none was started'}`).toBe(''),
    );
  }
}

/** As an administrator would, while others use it. */
export async function deleteTopic(brokers: readonly string[], topic: string): Promise<void> {
  await withAdmin(brokers, (admin) => admin.deleteTopics({ topics: [topic] }));
}

/** The id of the broker that leads the topic's one partition: `nodes[id - 1]` of a Kafka that was started here. */
export async function leaderOf(brokers: readonly string[], topic: string): Promise<number> {
  return withAdmin(brokers, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const leader = topics[0]?.partitions[0]?.leader;
    if (leader === undefined) throw new Error(`topic ${topic} has no leader`);
    return leader;
  });
}

async function withAdmin<T>(brokers: readonly string[], use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}
