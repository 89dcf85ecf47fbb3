import { createKafkaStream } from './kafka-stream.ts';
import { createPostgresStream } from './postgres-stream.ts';
import type { Stream } from './stream.ts';
import type { StreamLog } from './stream-log.ts';

/** The settings that choose and describe the log, by their names in the environment (`runtime/shared-settings`). */
export interface StreamSettings {
  readonly DATABASE_URL: string;
  /** None: the log is a table. */
  readonly KAFKA_BROKERS: readonly string[];
  readonly KAFKA_TOPIC: string;
  readonly KAFKA_REPLICATION_FACTOR: number;
  readonly KAFKA_MIN_INSYNC_REPLICAS: number;
  readonly KAFKA_SSL: boolean;
  /** These three together or not at all. */
  readonly KAFKA_SASL_MECHANISM: 'plain' | 'scram-sha-256' | 'scram-sha-512' | undefined;
  readonly KAFKA_SASL_USERNAME: string | undefined;
  readonly KAFKA_SASL_PASSWORD: string | undefined;
  readonly STREAM_RETENTION_HOURS: number;
}

/**
 * Opens the log: the topic when brokers are set, else the table.
 *
 * @throws what {@link createKafkaStream} and {@link createPostgresStream} throw: the store is not there or not usable.
 */
export function openStream(settings: StreamSettings, log: StreamLog): Promise<Stream> {
  const retentionMs = settings.STREAM_RETENTION_HOURS * 60 * 60 * 1000;
  if (settings.KAFKA_BROKERS.length === 0) {
    return createPostgresStream({ databaseUrl: settings.DATABASE_URL, retentionMs, log });
  }
  const sasl = saslOf(settings);
  return createKafkaStream({
    brokers: settings.KAFKA_BROKERS,
    topic: settings.KAFKA_TOPIC,
    ssl: settings.KAFKA_SSL,
    ...(sasl === undefined ? {} : { sasl }),
    retentionMs,
    replicationFactor: settings.KAFKA_REPLICATION_FACTOR,
    minInsyncReplicas: settings.KAFKA_MIN_INSYNC_REPLICAS,
    log,
  });
}

function saslOf({
  KAFKA_SASL_MECHANISM: mechanism,
  KAFKA_SASL_USERNAME: username,
  KAFKA_SASL_PASSWORD: password,
}: StreamSettings): Parameters<typeof createKafkaStream>[0]['sasl'] {
  if (mechanism === undefined || username === undefined || password === undefined) return undefined;
  return { mechanism, username, password };
}
