import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { freePorts } from './free-ports.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { ensureCluster } from './postgres-cluster.ts';
import { endAbandonedServer, noteOwner } from './postgres-leftover.ts';
import { type Launch, serverUser } from './server-user.ts';

export interface PostgresOptions {
  /** Made, with an empty cluster, when it is not there; kept on close. */
  readonly dataDir: string;
  /** 0, the default: any free one. */
  readonly port?: number;
  /** Takes each line of the server's log. */
  readonly log?: (line: string) => void;
  /** Server settings, by name, such as `{ max_connections: '300' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface RunningPostgres {
  /** As superuser, of the database `postgres`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves, once, when the server has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** A fast shutdown: open transactions roll back, committed ones are kept. Harmless when the server has already ended. */
  close(): Promise<void>;
}

/** How long a shutdown checkpoint may take before the server is told to leave it to the next start's recovery. */
const CLOSE_TIMEOUT_MS = 20_000;

/** A free port may be taken by another before it is used, and a killed server's children need a moment to end. */
const MAX_TRIES = 10;

/**
 * Starts a real PostgreSQL server on 127.0.0.1, ready for connections when the promise resolves.
 *
 * A server that was killed recovers by starting again on the same folder. It outlives a parent that is killed; the next
 * start on its folder ends it first.
 *
 * @throws Error with one clear message: the port is in use, the folder is in use or of another version, or the server's own last words.
 */
export async function startPostgres({
  port = 0,
  log,
  settings = {},
  ...options
}: PostgresOptions): Promise<RunningPostgres> {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dirname(dataDir), { recursive: true });
  const binaries = await findPostgresBinaries();
  const user = serverUser([binaries.postgres, dirname(dataDir)]);
  const { password } = await ensureCluster({ dataDir, binaries, user, isThrowaway: settings['fsync'] === 'off' });
  await endAbandonedServer(dataDir);

  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  for (let tries = 1; ; tries++) {
    const chosenPort = port === 0 ? await freePort() : port;
    const listen = ['-p', String(chosenPort), '-h', '127.0.0.1', '-c', 'unix_socket_directories='];
    const server = spawnServer(
      user.launch(binaries.postgres, ['-D', dataDir, ...listen, '-c', 'lc_messages=C', ...flags]),
    );
    const ended = new Promise<void>((done) => server.once('close', () => done()));
    const lastWords = await untilReady(server, log);
    if (lastWords === undefined && server.pid !== undefined) {
      keepWaiting(server, false);
      noteOwner(dataDir);
      const url = `postgresql://postgres:${password}@127.0.0.1:${chosenPort}/postgres`;
      return { url, port: chosenPort, pid: server.pid, ended, close: () => close(server, ended) };
    }
    await retryOrExplain(lastWords ?? '', { port, dataDir, isLastTry: tries === MAX_TRIES });
  }
}

function spawnServer({ program, args, options }: Launch): ChildProcess {
  return spawn(program, args, {
    ...options,
    // In a process group of its own: Ctrl-C would otherwise end it before those who still write to it.
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

async function retryOrExplain(
  lastWords: string,
  { port, dataDir, isLastTry }: { port: number; dataDir: string; isLastTry: boolean },
): Promise<void> {
  const isPortTaken = /could not bind|could not create any TCP/.test(lastWords);
  if (isPortTaken && port !== 0) {
    throw new Error(
      `Port ${port} is in use, so PostgreSQL cannot listen on it. End what uses it, or choose another port.`,
    );
  }
  const isKilledOneEnding = /pre-existing shared memory block/.test(lastWords);
  if (isLastTry || !(isPortTaken || isKilledOneEnding))
    throw new Error(`PostgreSQL did not start in ${dataDir}:\n${lastWords}`);
  await new Promise((done) => setTimeout(done, 200));
}

/** Resolves with nothing when the server takes connections, with what it said last when it ended instead. */
function untilReady(server: ChildProcess, log: ((line: string) => void) | undefined): Promise<string | undefined> {
  return new Promise((done, reject) => {
    const said: string[] = [];
    if (server.stderr === null) throw new Error('the server was spawned without a pipe');
    createInterface(server.stderr).on('line', (line) => {
      log?.(line);
      if (said.length < 50) said.push(line);
      if (line.includes('database system is ready to accept connections')) done(undefined);
    });
    server.once('error', reject);
    server.once('close', () => done(said.join('\n')));
  });
}

async function close(server: ChildProcess, ended: Promise<void>): Promise<void> {
  keepWaiting(server, true);
  server.kill('SIGINT');
  const impatience = setTimeout(() => server.kill('SIGQUIT'), CLOSE_TIMEOUT_MS);
  await ended;
  clearTimeout(impatience);
}

/** A server that runs does not keep its starter alive: a test that forgot to close it fails, it does not hang. */
function keepWaiting(server: ChildProcess, isKept: boolean): void {
  const verb = isKept ? 'ref' : 'unref';
  server[verb]();
  // The pipe is a socket, which Node's types do not say.
  if (server.stderr instanceof Socket) server.stderr[verb]();
}

async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('no free port');
  return port;
}
