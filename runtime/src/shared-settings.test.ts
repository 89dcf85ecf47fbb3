import { expect, test } from '@jest/globals';
import { readSettings } from './settings.ts';
import { checkSharedSettings, sharedSettings } from './shared-settings.ts';

const read = (env: Record<string, string>) =>
  readSettings(sharedSettings, { DATABASE_URL: 'postgres://h/d', ...env }, checkSharedSettings);

test('without brokers there is no Kafka, with a list there is', () => {
  expect(read({}).KAFKA_BROKERS).toEqual([]);
  expect(read({ KAFKA_BROKERS: 'one:9092,two:9092' }).KAFKA_BROKERS).toEqual(['one:9092', 'two:9092']);
  expect(() => read({ KAFKA_BROKERS: 'https://one:9092' })).toThrow(
    'KAFKA_BROKERS must be a comma-separated list, each host:port',
  );
});

test('half a sign-in to Kafka is an error', () => {
  expect(() => read({ KAFKA_SASL_USERNAME: 'me' })).toThrow('go together');
  const whole = { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'me', KAFKA_SASL_PASSWORD: 'x' };
  expect(read(whole)).toMatchObject(whole);
});

test('more copies in sync than there are copies is an error', () => {
  expect(() => read({ KAFKA_MIN_INSYNC_REPLICAS: '2' })).toThrow('must not be above KAFKA_REPLICATION_FACTOR');
});
