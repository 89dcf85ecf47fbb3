import type { Log } from '@sync-hub/runtime/log';
import { createKafkaStream } from '@sync-hub/stream/kafka-stream';

/** A reader of the topic that checks what it is told of tasks. */
export interface TaskLog {
  /** Changes of tasks so far. */
  told(): number;
  /** Gaps, unreadable records, and rows whose version did not rise by one. */
  faults(): number;
  close(): Promise<void>;
}

/** Reads everything on the topic, as an API process does. */
export async function followTasks({
  brokers,
  topic,
  log,
}: {
  brokers: readonly string[];
  topic: string;
  log: Log;
}): Promise<TaskLog> {
  const retention = { retentionMs: 86_400_000, replicationFactor: 1, minInsyncReplicas: 1 };
  const stream = await createKafkaStream({ brokers, topic, log, ...retention });
  const versions = new Map<string, number>();
  let told = 0;
  let faults = 0;
  const fault = () => {
    faults++;
  };
  await stream.read('earliest', {
    record(record) {
      if (record.kind !== 'change' || record.table !== 'tasks') return;
      const version = Number(record.after?.['version']);
      if (version !== (versions.get(record.key) ?? 0) + 1) fault();
      versions.set(record.key, version);
      told++;
    },
    gap: fault,
    unreadable: fault,
  });
  return { told: () => told, faults: () => faults, close: stream.close };
}
