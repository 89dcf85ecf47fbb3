import type { Log } from '@sync-hub/runtime/log';
import { createKafkaStream } from '@sync-hub/stream/kafka-stream';
import { createPostgresStream } from '@sync-hub/stream/postgres-stream';
import { createArrivals } from './arrivals.ts';
import type { Author } from './author.ts';
import type { LatencyProbe } from './latency-probe.ts';
import { startTaskWriter } from './task-writer.ts';

const retention = { retentionMs: 86_400_000, replicationFactor: 1, minInsyncReplicas: 1 };

/**
 * The first part of our path: a plain SQL writer commits a change of a task, and a reader of the log, as an API process has
 * one, is told of it. What is left of the way to a client is the API's.
 *
 * @param brokers  the log is a table where there are none.
 */
export async function startCommitToLog({
  author,
  databaseUrl,
  brokers,
  log,
}: {
  readonly author: Author;
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  readonly log: Log;
}): Promise<LatencyProbe> {
  const topic = new URL(databaseUrl).pathname.slice(1);
  const stream = await (brokers.length > 0
    ? createKafkaStream({ brokers, topic, log, ...retention })
    : createPostgresStream({ databaseUrl, log, ...retention }));
  const arrivals = createArrivals('a record of the log');
  await stream.read('latest', {
    record(record) {
      if (record.kind === 'change') arrivals.note(String(record.after?.['title']));
    },
    gap: () => arrivals.fail(new Error('the log has a gap')),
    unreadable: arrivals.fail,
  });
  const writer = await startTaskWriter(author, databaseUrl, arrivals);

  return {
    sample: writer.sample,
    async close() {
      await writer.close();
      await stream.close();
    },
  };
}
