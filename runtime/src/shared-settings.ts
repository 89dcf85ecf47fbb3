import { boolean, integer, list, oneOf, text, url } from './setting-kinds.ts';
import type { SettingsOf } from './settings.ts';

/** The settings that the listener and the API both read: they must be given the same values. */
export const sharedSettings = {
  DATABASE_URL: url({
    protocols: ['postgres:', 'postgresql:'],
    doc: 'PostgreSQL, as postgres://user:password@host:5432/name. The primary: replicas and poolers in transaction mode do not do.',
  }),
  KAFKA_BROKERS: list({
    default: [],
    each: { form: /^[^\s:/]+:\d{1,5}$/, name: 'host:port' },
    doc: 'Kafka brokers to start from, as host:port,host:port. When unset, the log is a table in PostgreSQL.',
  }),
  KAFKA_TOPIC: text({
    default: 'sync-hub',
    maxBytes: 249,
    doc: 'Topic of the log; made, with one partition, when it is not there.',
  }),
  KAFKA_REPLICATION_FACTOR: integer({
    default: 1,
    min: 1,
    max: 9,
    unit: 'copies',
    doc: 'Copies that a topic made by us has. Three is what survives the loss of a broker.',
  }),
  KAFKA_MIN_INSYNC_REPLICAS: integer({
    default: 1,
    min: 1,
    max: 9,
    unit: 'copies',
    doc: 'Copies that must hold a record before it counts as written; two with a replication factor of three.',
  }),
  KAFKA_SSL: boolean({ default: false, doc: 'Whether to speak TLS with the brokers.' }),
  KAFKA_SASL_MECHANISM: oneOf(['plain', 'scram-sha-256', 'scram-sha-512'], {
    optional: true,
    doc: 'How to sign in to the brokers. When unset, not at all.',
  }),
  KAFKA_SASL_USERNAME: text({ optional: true, doc: 'User that signs in to the brokers.' }),
  KAFKA_SASL_PASSWORD: text({ optional: true, doc: 'Password of that user.' }),
  STREAM_RETENTION_HOURS: integer({
    default: 24,
    min: 1,
    max: 24 * 365,
    unit: 'hours',
    doc: 'How long the log is kept, and with it how long a client may be away and still resume.',
  }),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
    default: 'info',
    doc: 'The least of the messages to log.',
  }),
  NODE_ENV: oneOf(['development', 'test', 'production'], {
    default: 'development',
    doc: 'production turns off introspection, GraphiQL, seed and demo sign-in.',
  }),
};

export type SharedSettings = SettingsOf<typeof sharedSettings>;

/** What is wrong between the shared settings, for the `check` of readSettings. */
export function checkSharedSettings(settings: SharedSettings): string[] {
  const problems: string[] = [];
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = settings;
  const sasl = [mechanism, username, password];
  if (sasl.includes(undefined) && sasl.some((part) => part !== undefined)) {
    problems.push(
      'KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD go together: set all three or none',
    );
  }
  if (settings.KAFKA_MIN_INSYNC_REPLICAS > settings.KAFKA_REPLICATION_FACTOR) {
    problems.push('KAFKA_MIN_INSYNC_REPLICAS must not be above KAFKA_REPLICATION_FACTOR: nothing could be written');
  }
  return problems;
}
