import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';
import { freePorts } from './free-ports.ts';
import { isRunning, readPidFile } from './processes.ts';
import { createTestDatabase } from './test-database.ts';
import { createTestFolder } from './test-folder.ts';
import { waitFor } from './wait-for.ts';

/** What was built: `npm test` builds before it tests. */
const START = fileURLToPath(new URL('../dist/start.js', import.meta.url));

const started: ChildProcess[] = [];
afterEach(async () => {
  await Promise.all(
    started.splice(0).map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }),
  );
});

async function start(environment: Record<string, string> = {}) {
  const [port = 0, listenerPort = 0] = await freePorts(2);
  const DATA_DIR = environment['DATA_DIR'] ?? (await createTestFolder());
  const env = {
    PATH: process.env['PATH'],
    PORT: `${port}`,
    LISTENER_PORT: `${listenerPort}`,
    ...environment,
    DATA_DIR,
  };
  const child = spawn(process.execPath, [START], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let output = '';
  for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (chunk) => (output += chunk));
  const ended = once(child, 'close').then(([code]: (number | null)[]) => code);
  const isEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    child,
    ended,
    port,
    listenerPort,
    dataDir: DATA_DIR,
    output: () => output,
    untilRunning: () =>
      waitFor(() => isEnded() || output.includes('is running'), { what: 'npm start', timeoutMs: 60_000 }).catch(
        (cause) => {
          throw new Error(output, { cause });
        },
      ),
  };
}

const isReady = async (port: number) => (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok;
const isClosed = (port: number) =>
  fetch(`http://127.0.0.1:${port}/health/live`).then(
    () => false,
    () => true,
  );
const serverOf = (dataDir: string) => readPidFile(join(dataDir, 'postgres', 'postmaster.pid')) ?? 0;

async function pidOf(port: number): Promise<number> {
  const body: unknown = await (await fetch(`http://127.0.0.1:${port}/health/ready`)).json();
  return Number(Object(body).pid);
}

test('everything runs and is announced, until Ctrl-C ends everything', async () => {
  const hub = await start();
  await hub.untilRunning();
  expect(hub.output()).toContain(`http://localhost:${hub.port}/graphql`);
  expect(hub.output()).toContain('ada@example.com or grace@example.com, password: correct horse battery staple');
  expect(await Promise.all([isReady(hub.port), isReady(hub.listenerPort)])).toEqual([true, true]);
  expect(isRunning(serverOf(hub.dataDir))).toBe(true);

  const second = await start({ DATA_DIR: hub.dataDir });
  expect(await second.ended).toBe(1);
  expect(second.output()).toContain(`is in use by process ${hub.child.pid}`);
  expect(await isReady(hub.port)).toBe(true);

  hub.child.kill('SIGINT');
  expect(await hub.ended).toBe(0);
  expect(await Promise.all([isClosed(hub.port), isClosed(hub.listenerPort)])).toEqual([true, true]);
  expect(serverOf(hub.dataDir)).toBe(0);
}, 120_000);

test('after kill -9 nothing keeps the ports, and the next start goes on with the same data', async () => {
  const hub = await start();
  await hub.untilRunning();
  const secret = readFileSync(join(hub.dataDir, 'jwt-secret'), 'utf8');
  hub.child.kill('SIGKILL');
  await waitFor(async () => (await isClosed(hub.port)) && (await isClosed(hub.listenerPort)), {
    what: 'its children to end',
    timeoutMs: 30_000,
  });

  const again = await start({ DATA_DIR: hub.dataDir });
  await again.untilRunning();
  expect(await isReady(again.port)).toBe(true);
  expect(again.output()).not.toContain('seeded');
  expect(readFileSync(join(hub.dataDir, 'jwt-secret'), 'utf8')).toBe(secret);
}, 120_000);

test('when one part ends, everything ends and says why', async () => {
  const hub = await start();
  await hub.untilRunning();
  process.kill(await pidOf(hub.listenerPort), 'SIGKILL');
  expect(await hub.ended).toBe(1);
  expect(hub.output()).toContain('The listener ended (SIGKILL), so everything ends.');
  expect(await isClosed(hub.port)).toBe(true);
  expect(serverOf(hub.dataDir)).toBe(0);
}, 120_000);

test('a port in use is one clear message, and nothing stays behind', async () => {
  const [port = 0] = await freePorts(1);
  const other = createServer().listen(port);
  await once(other, 'listening');
  const database = await createTestDatabase();
  try {
    const hub = await start({ PORT: `${port}`, DATABASE_URL: database.url });
    expect(await hub.ended).toBe(1);
    expect(hub.output()).toContain(`Port ${port} is in use: end what uses it, or set PORT to another port.`);
    expect(hub.output().match(/is in use/g)).toHaveLength(1);
    expect(await isClosed(hub.listenerPort)).toBe(true);
  } finally {
    other.close();
    await database.close();
  }
}, 120_000);

test('a wrong setting is one clear message', async () => {
  const database = await createTestDatabase();
  const hub = await start({ DATABASE_URL: database.url, LOG_LEVEL: 'loud', STREAM_RETENTION_HOURS: 'ever' });
  expect(await hub.ended).toBe(1);
  expect(hub.output()).toContain('2 settings are wrong (see .env.example):');
  expect(hub.output().match(/LOG_LEVEL must be one of/g)).toHaveLength(1);
  expect(hub.output().match(/STREAM_RETENTION_HOURS must be a whole number/g)).toHaveLength(1);
  await database.close();
}, 120_000);

test('a data folder of another PostgreSQL version is one clear message', async () => {
  const dataDir = await createTestFolder();
  mkdirSync(join(dataDir, 'postgres'));
  writeFileSync(join(dataDir, 'postgres', 'PG_VERSION'), '17\n');
  const hub = await start({ DATA_DIR: dataDir });
  expect(await hub.ended).toBe(1);
  expect(hub.output()).toMatch(/^.* was made by PostgreSQL 17, and this is PostgreSQL 18.*\n$/);
});

test('production has no demo users, and no secret that nobody chose', async () => {
  const database = await createTestDatabase();
  const settings = { NODE_ENV: 'production', DATABASE_URL: database.url };
  const without = await start(settings);
  expect(await without.ended).toBe(1);
  expect(without.output()).toContain('JWT_SECRET must be set');

  const hub = await start({ ...settings, JWT_SECRET: 'x'.repeat(32) });
  await hub.untilRunning();
  expect(hub.output()).not.toMatch(/GraphiQL|correct horse/);
  expect(await database.query('SELECT FROM users')).toEqual([]);
  hub.child.kill('SIGINT');
  await hub.ended;
  await database.close();
}, 120_000);

test('a database that cannot be reached is one clear message', async () => {
  const [port] = await freePorts(1);
  const hub = await start({ DATABASE_URL: `postgres://127.0.0.1:${port}/none` });
  expect(await hub.ended).toBe(1);
  expect(hub.output()).toContain(`No connection to the database none at 127.0.0.1:${port}: connect ECONNREFUSED`);
});
