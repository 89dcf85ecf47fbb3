import { readdirSync, readFileSync } from 'node:fs';
import { freePorts } from '@sync-hub/dev/free-ports';
import { type RunningPostgres, startPostgres } from '@sync-hub/dev/postgres';
import { migrate } from '@sync-hub/prisma/migrate';

/** A PostgreSQL that can be crashed, on one port and one data folder for the whole run. */
export interface PostgresServer {
  /** Straight to it, past every proxy. */
  readonly url: string;
  readonly port: number;
  kill(): Promise<void>;
  /** Starts it again; its recovery has ended when the promise resolves. */
  start(): Promise<void>;
  /** SIGSTOP to it and to each of its processes. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

/** Starts it, with an empty database that has all migrations. */
export async function startPostgresServer(dataDir: string): Promise<PostgresServer> {
  const [port = 0] = await freePorts(1);
  // No power cut is survived without fsync, but only processes are killed: what they wrote stays in the system's cache.
  const open = () => startPostgres({ dataDir, port, settings: { fsync: 'off', max_connections: '200' } });
  let running: RunningPostgres = await open();
  let paused: number[] = [];
  await migrate(running.url);
  const resume = () => {
    for (const pid of paused.splice(0)) signal(pid, 'SIGCONT');
  };
  return {
    url: running.url,
    port,
    async kill() {
      const { ended } = running;
      signal(running.pid, 'SIGKILL');
      await ended;
    },
    async start() {
      running = await open();
    },
    pause() {
      paused = [running.pid, ...childrenOf(running.pid)];
      for (const pid of paused) signal(pid, 'SIGSTOP');
    },
    resume,
    async close() {
      resume();
      await running.close();
    },
  };
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && parentIs(pid, parent));
}

function parentIs(pid: number, parent: number): boolean {
  try {
    return new RegExp(`^PPid:\\s*${parent}$`, 'm').test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false; // it has ended meanwhile
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended meanwhile
  }
}
