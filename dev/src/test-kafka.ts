import { describe, expect, test } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';

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
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await admin.deleteTopics({ topics: [topic] });
  } finally {
    await admin.disconnect();
  }
}
