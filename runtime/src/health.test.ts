import { afterEach, expect, test } from '@jest/globals';
import { Counter, Registry } from 'prom-client';
import { createHealth, type HealthServer, type Readiness, startHealthServer } from './health.ts';

const servers: HealthServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start({ registry = new Registry(), isReady = (): Readiness => ({ ready: true }) } = {}) {
  const server = await startHealthServer({
    port: 0,
    setting: 'TEST_PORT',
    health: createHealth({ registry, isReady }),
  });
  servers.push(server);
  return { server, get: (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`) };
}

test('a process that answers is live, ready or not', async () => {
  const { get } = await start({ isReady: () => ({ ready: false, why: 'no leader yet' }) });
  expect((await get('/health/live')).status).toBe(200);
});

test('readiness follows the process, and says what is missing', async () => {
  let readiness: Readiness = { ready: false, why: 'no leader yet' };
  const { get } = await start({ isReady: () => readiness });
  const before = await get('/health/ready?verbose');
  expect([before.status, await before.json()]).toEqual([503, { ready: false, why: 'no leader yet', pid: process.pid }]);
  readiness = { ready: true };
  const after = await get('/health/ready');
  expect([after.status, await after.json()]).toEqual([200, { ready: true, pid: process.pid }]);
});

test('metrics are Prometheus text', async () => {
  const registry = new Registry();
  new Counter({ name: 'records_total', help: 'Records.', registers: [registry] }).inc(3);
  const { get } = await start({ registry });
  const response = await get('/metrics');
  expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
  expect(await response.text()).toContain('records_total 3');
});

test('a collector that fails is an error to the scraper, not the end of the process', async () => {
  const registry = new Registry();
  const fail = () => Promise.reject(new Error('cannot count'));
  new Counter({ name: 'records_total', help: 'Records.', registers: [registry], collect: fail });
  const { get } = await start({ registry });
  expect((await get('/metrics')).status).toBe(500);
  expect((await get('/health/live')).status).toBe(200);
});

test('other paths are not found', async () => {
  const { get } = await start();
  expect((await get('/graphql')).status).toBe(404);
});

test('a port in use is one clear message that names the setting', async () => {
  const { server } = await start();
  const health = createHealth({ registry: new Registry(), isReady: () => ({ ready: true }) });
  await expect(startHealthServer({ port: server.port, setting: 'TEST_PORT', health })).rejects.toThrow(
    `Port ${server.port} is in use: end what uses it, or set TEST_PORT to another port.`,
  );
});
