import { createKafkaStream } from './kafka-stream.ts';
import { createPostgresStream } from './postgres-stream.ts';
import type { Stream } from './stream.ts';
import type { StreamLog } from './stream-log.ts';

/** The settings that say where the log is, by the names of their variables. */
export interface StreamSettings {
  readonly DATABASE_URL: string;
  readonly KAFKA_BROKERS: readonly string[];
  readonly KAFKA_TOPIC: string;
  readonly KAFKA_REPLICATION_FACTOR: number;
  readonly KAFKA_MIN_INSYNC_REPLICAS: number;
  readonly KAFKA_SSL: boolean;
  readonly KAFKA_SASL_MECHANISM: 'plain' | 'scram-sha-256' | 'scram-sha-512' | undefined;
  readonly KAFKA_SASL_USERNAME: string | undefined;
  readonly KAFKA_SASL_PASSWORD: string | undefined;
  readonly STREAM_RETENTION_HOURS: number;
}

/** Opens the log where the settings say it is: in Kafka when brokers are named, else in Postgres. */
export function openStream(settings: StreamSettings, log: StreamLog): Promise<Stream> {
  const retentionMs = settings.STREAM_RETENTION_HOURS * 3_600_000;
  if (settings.KAFKA_BROKERS.length === 0)
    return createPostgresStream({ databaseUrl: settings.DATABASE_URL, retentionMs, log });
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = settings;
  const sasl =
    mechanism === undefined || username === undefined || password === undefined
      ? {}
      : { sasl: { mechanism, username, password } };
  return createKafkaStream({
    brokers: settings.KAFKA_BROKERS,
    topic: settings.KAFKA_TOPIC,
    replicationFactor: settings.KAFKA_REPLICATION_FACTOR,
    minInsyncReplicas: settings.KAFKA_MIN_INSYNC_REPLICAS,
    ssl: settings.KAFKA_SSL,
    ...(sasl as object),
    retentionMs,
    log,
  });
}
