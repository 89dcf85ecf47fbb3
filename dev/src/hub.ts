import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { freePorts } from './free-ports.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { waitFor } from './wait-for.ts';

/** One running process of the product. */
export interface RunningProcess {
  readonly pid: number;
  readonly port: number;
  /** What it has logged, for the message of a test that fails. */
  log(): string;
  /** Ends it with the signal and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface Hub {
  readonly database: TestDatabase;
  /** `http://127.0.0.1:<port>` of each API process. */
  readonly urls: readonly string[];
  readonly apis: readonly RunningProcess[];
  readonly listener: RunningProcess;
  /** Kills the listener, or ends it with another signal, and starts a new one. Resolves when that leads. */
  restartListener(signal?: NodeJS.Signals): Promise<void>;
  /** The same with an API process, which comes back at its address. Resolves when it is ready. */
  restartApi(index: number, signal?: NodeJS.Signals): Promise<void>;
  close(): Promise<void>;
}

export interface HubOptions {
  /** API processes. Default: 1. */
  readonly apis?: number;
  /** Brokers of the log; the Postgres stream when there are none. */
  readonly kafkaBrokers?: readonly string[];
  /** Settings besides those that a hub needs. */
  readonly env?: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where JWTs and cursors of every test hub are signed. */
export const testJwtSecret = 'a secret of the tests, at least 32 bytes long';

/**
 * The whole product on a fresh database: a listener and API processes, compiled as in production.
 *
 * @throws Error with what a process logged, when one does not come up.
 */
export async function startHub({ apis = 1, kafkaBrokers = [], env = {} }: HubOptions = {}): Promise<Hub> {
  const database = await createTestDatabase();
  const ports = await freePorts(apis + 1);
  const settings = {
    PATH: process.env['PATH'] ?? '',
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    KAFKA_BROKERS: kafkaBrokers.join(),
    KAFKA_TOPIC: new URL(database.url).pathname.slice(1),
    JWT_SECRET: testJwtSecret,
    ...env,
  };
  const [listenerPort = 0, ...apiPorts] = ports;
  const startListener = () =>
    startProcess('listener', listenerPort, { ...settings, LISTENER_PORT: String(listenerPort) });
  let listener = startListener();
  const startApi = (port: number) => startProcess('api', port, { ...settings, PORT: String(port) });
  const apiProcesses = apiPorts.map(startApi);

  async function close() {
    await Promise.all([...apiProcesses, listener].map((one) => one.stop()));
    await database.close();
  }
  try {
    await Promise.all([...apiProcesses, listener].map(ready));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    database,
    urls: apiPorts.map((port) => `http://127.0.0.1:${port}`),
    apis: apiProcesses,
    get listener() {
      return listener;
    },
    async restartListener(signal = 'SIGKILL') {
      await listener.stop(signal);
      listener = startListener();
      await waitFor(async () => (await readiness(listener)).why === 'leading', { what: 'the new listener to lead' });
    },
    async restartApi(index, signal = 'SIGKILL') {
      const former = apiProcesses[index];
      if (former === undefined) throw new Error(`this hub has no API ${index}`);
      await former.stop(signal);
      const api = startApi(former.port);
      apiProcesses[index] = api;
      await ready(api);
    },
    close,
  };
}

function startProcess(workspace: 'api' | 'listener', port: number, env: Record<string, string>): RunningProcess {
  const script = `${root}${workspace}/dist/main.js`;
  if (!existsSync(script)) throw new Error(`${workspace} is not built: run npm run build`);
  // By the channel it notices when the test run is killed, and ends by itself.
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let log = '';
  const keep = (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-20_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return { pid: child.pid ?? 0, port, log: () => log, stop: (signal = 'SIGTERM') => stop(child, signal) };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(killer);
}

async function ready(one: RunningProcess): Promise<void> {
  try {
    await waitFor(async () => (await readiness(one)).ready, { what: 'a process to be ready', timeoutMs: 30_000 });
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${one.log()}`, { cause: error });
  }
}

async function readiness({ port }: RunningProcess): Promise<{ ready: boolean; why?: string }> {
  const response = await fetch(`http://127.0.0.1:${port}/health/ready`);
  return (await response.json()) as { ready: boolean; why?: string };
}
