import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { freePorts } from './free-ports.ts';
import { type PostgresOptions, type RunningPostgres, startPostgres } from './postgres.ts';
import { isRunning } from './processes.ts';
import { createTestFolder } from './test-folder.ts';

const servers: RunningPostgres[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(options: PostgresOptions): Promise<RunningPostgres> {
  const server = await startPostgres({ settings: { fsync: 'off' }, ...options });
  servers.push(server);
  return server;
}

async function run(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

test('what was committed survives kill -9 of the server', async () => {
  const dataDir = join(await createTestFolder(), 'data');
  const first = await start({ dataDir });
  await run(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
  process.kill(first.pid, 'SIGKILL');
  await first.ended;

  const second = await start({ dataDir, port: first.port });
  expect(second.url).toBe(first.url);
  expect(await run(second.url, 'SELECT answer FROM kept')).toEqual([42]);
});

// Root's own home is such a folder, and PostgreSQL refuses to run as root.
const testAsRoot = process.getuid?.() === 0 ? test : test.skip;
testAsRoot('root may keep the data in a folder that nobody else may enter', async () => {
  const folder = await createTestFolder();
  chmodSync(folder, 0o700);
  const { url } = await start({ dataDir: join(folder, 'data') });
  expect(await run(url, 'SELECT 1')).toEqual([1]);
});

test('text sorts by its bytes and has Unicode letters, whatever the locale of the machine', async () => {
  const { url } = await start({ dataDir: join(await createTestFolder(), 'data') });
  expect(await run(url, "SELECT t FROM unnest('{b,a,Z,É}'::text[]) t ORDER BY t")).toEqual(['Z', 'a', 'b', 'É']);
  expect(await run(url, "SELECT lower('ÉCOLE'), current_setting('server_encoding')")).toEqual(['école', 'UTF8']);
});

test('only who knows the password gets in', async () => {
  const { url } = await start({ dataDir: join(await createTestFolder(), 'data') });
  const wrong = new URL(url);
  wrong.password = 'postgres';
  await expect(run(wrong.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
});

test('a port in use is one clear message', async () => {
  const [port = 0] = await freePorts(1);
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  try {
    const dataDir = join(await createTestFolder(), 'data');
    await expect(startPostgres({ dataDir, port })).rejects.toThrow(
      `Port ${port} is in use, so PostgreSQL cannot listen on it. End what uses it, or choose another port.`,
    );
  } finally {
    other.close();
  }
});

test('a data folder of another PostgreSQL version is one clear message', async () => {
  const dataDir = join(await createTestFolder(), 'data');
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, 'PG_VERSION'), '17\n');
  await expect(startPostgres({ dataDir })).rejects.toThrow(
    `${dataDir} was made by PostgreSQL 17, and this is PostgreSQL 18, which cannot open it.`,
  );
});

test('a folder that holds something else is left as it is', async () => {
  const dataDir = join(await createTestFolder(), 'data');
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, 'thesis.txt'), 'irreplaceable');
  await expect(startPostgres({ dataDir })).rejects.toThrow(`Cannot make a PostgreSQL cluster in ${dataDir}: `);
});

test('a data folder in use is one clear message, and its user is not disturbed', async () => {
  const dataDir = join(await createTestFolder(), 'data');
  const { url } = await start({ dataDir });
  await expect(startPostgres({ dataDir })).rejects.toThrow(`${dataDir} is in use by process ${process.pid}.`);
  expect(await run(url, 'SELECT 1')).toEqual([1]);
});

// The starter is a process of its own, so it runs what was built.
test('a server whose starter was killed does not stand in the way of the next', async () => {
  const dataDir = join(await createTestFolder(), 'data');
  const script = `
    import { startPostgres } from '@sync-hub/dev/postgres';
    const { pid } = await startPostgres({ dataDir: ${JSON.stringify(dataDir)} });
    process.stdout.write(String(pid));
    setInterval(() => {}, 1000);`;
  const starter = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [pid] = await once(starter.stdout, 'data');
  starter.kill('SIGKILL');
  await once(starter, 'exit');
  expect(isRunning(Number(pid))).toBe(true); // the server outlived it

  const next = await start({ dataDir });
  expect(next.pid).not.toBe(Number(pid));
  expect(await run(next.url, 'SELECT 1')).toEqual([1]);
});
