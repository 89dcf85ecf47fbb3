// ConfigResourceTypes by the default export: jest finds it by its name in this CommonJS package, but Node does not.
import kafkajs, { type Admin } from 'kafkajs';
import { createBackoff } from './backoff.ts';
import type { StreamLog } from './stream-log.ts';

const NEW_TOPIC_TIMEOUT_MS = 10_000;

/** The topic exists in a shape that would lose or disorder records, or cannot be made. The message says what to do. */
export class TopicUnusableError extends Error {
  override readonly name = 'TopicUnusableError';
}

export interface TopicSettings {
  readonly topic: string;
  readonly retentionMs: number;
  readonly replicationFactor: number;
  readonly minInsyncReplicas: number;
}

/**
 * Makes the topic when there is none, and checks the one there is.
 *
 * One partition, because the log has one order; never compacted, because compaction leaves holes. What an operator may
 * have changed on purpose (retention, replicas) is warned of, not corrected: altering one setting through kafkajs resets
 * all others.
 *
 * @returns the largest batch that the topic takes, in bytes.
 * @throws {TopicUnusableError}
 */
export async function ensureTopic(admin: Admin, settings: TopicSettings, log: StreamLog): Promise<number> {
  const { topic } = settings;
  // Not by asking for the topic's own metadata: where brokers create topics by themselves, that creates it.
  if (!(await admin.listTopics()).includes(topic)) await createTopic(admin, settings);

  const { topics } = await onceKnown(() => admin.fetchTopicMetadata({ topics: [topic] }));
  const partitions = topics[0]?.partitions.length;
  if (partitions !== 1) {
    throw new TopicUnusableError(
      `topic ${topic} has ${partitions} partitions, but the log needs exactly one to keep its order: name another topic, or delete this one`,
    );
  }

  const config = await onceKnown(() => readConfig(admin, topic));
  const cleanup = config.get('cleanup.policy');
  if (cleanup !== 'delete') {
    throw new TopicUnusableError(
      `topic ${topic} has cleanup.policy=${cleanup}, but compaction would tear holes into the log: set it to delete`,
    );
  }
  warnOfDifferences(config, settings, log);
  return Number(config.get('max.message.bytes'));
}

function ownConfig({ retentionMs, minInsyncReplicas }: TopicSettings): Record<string, string> {
  return {
    'cleanup.policy': 'delete',
    'retention.ms': String(retentionMs),
    'min.insync.replicas': String(minInsyncReplicas),
    // Age is counted by the broker's clock: one relay whose clock is wrong must not have records deleted early.
    'message.timestamp.type': 'LogAppendTime',
  };
}

async function createTopic(admin: Admin, settings: TopicSettings): Promise<void> {
  const { topic, replicationFactor } = settings;
  const configEntries = Object.entries(ownConfig(settings)).map(([name, value]) => ({ name, value }));
  try {
    // False, and no error, when another process was faster.
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor, configEntries }] });
  } catch (cause) {
    const reason = cause instanceof AggregateError ? cause.errors.join('; ') : String(cause);
    throw new TopicUnusableError(
      `topic ${topic} cannot be created with replication factor ${replicationFactor}: ${reason}`,
      { cause },
    );
  }
}

/** A topic that somebody has just made takes a moment until every broker knows of it. */
async function onceKnown<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = AbortSignal.timeout(NEW_TOPIC_TIMEOUT_MS);
  const backoff = createBackoff({ minMs: 50, maxMs: 500 });
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const isUnknown = error instanceof Error && 'type' in error && error.type === 'UNKNOWN_TOPIC_OR_PARTITION';
      if (!isUnknown || deadline.aborted) throw error;
      await backoff.wait(deadline);
    }
  }
}

async function readConfig(admin: Admin, topic: string): Promise<ReadonlyMap<string, string>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
  });
  return new Map(resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]));
}

function warnOfDifferences(config: ReadonlyMap<string, string>, settings: TopicSettings, log: StreamLog): void {
  for (const [name, wanted] of Object.entries(ownConfig(settings))) {
    const found = config.get(name);
    if (found !== wanted) log.warn({ topic: settings.topic, name, found, wanted }, 'the topic is set differently');
  }
  const maxBytes = config.get('retention.bytes');
  if (maxBytes !== undefined && maxBytes !== '-1') {
    log.warn({ topic: settings.topic, 'retention.bytes': maxBytes }, 'the topic may lose records before their age');
  }
}
