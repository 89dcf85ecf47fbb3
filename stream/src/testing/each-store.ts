import { afterEach, beforeEach, describe, jest } from '@jest/globals';
import { describeWithKafka } from '@sync-hub/dev/test-kafka';
import type { Stream } from '../stream.ts';
import { createKafkaLog, createPostgresLog, type TestLog } from './test-logs.ts';

/** Anew for each test. */
export interface Scene {
  readonly log: TestLog;
  /** Two processes' streams over the one log. */
  readonly relay: Stream;
  readonly api: Stream;
}

/** Defines the same tests over every store. Their file must mention Kafka, or the run starts none. */
export function overEachStore(define: (scene: Scene) => void): void {
  const overStore = (createLog: () => Promise<TestLog>) => {
    const scene: { -readonly [Part in keyof Scene]?: Scene[Part] } = {};
    // A group's first join at a broker that has just started takes its time.
    jest.setTimeout(30_000);
    beforeEach(async () => {
      scene.log = await createLog();
      scene.relay = await scene.log.open();
      scene.api = await scene.log.open();
    });
    afterEach(() => scene.log?.close());
    define(scene as Scene);
  };
  describe('the stream over Postgres', () => overStore(createPostgresLog));
  describeWithKafka('the stream over Kafka', (brokers) => overStore(() => createKafkaLog(brokers)));
}
