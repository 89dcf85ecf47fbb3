import { readdirSync, readFileSync } from 'node:fs';
import { freePorts } from '@sync-hub/dev/free-ports';
import { type RunningPostgres, startPostgres } from '@sync-hub/dev/postgres';
import { copyDataDir } from '@sync-hub/dev/postgres-copy';
import { migrate } from '@sync-hub/prisma/migrate';
import pg from 'pg';

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
  /** Until `releaseCommits`, whoever insists on a durable commit (the relay) waits for a standby that does not answer. */
  holdCommits(): Promise<void>;
  releaseCommits(): Promise<void>;
  /** Copies its disk, for which it is stopped and started again. */
  copyDisk(): Promise<void>;
  /** Puts that copy back: all that was committed since is gone. */
  putCopyBack(): Promise<void>;
  close(): Promise<void>;
}

/** Starts it, with an empty database that has all migrations. */
export async function startPostgresServer(dataDir: string): Promise<PostgresServer> {
  const [port = 0] = await freePorts(1);
  // No power cut is survived without fsync, but only processes are killed: what they wrote stays in the system's cache.
  // Ordinary commits wait for no standby.
  const settings = { fsync: 'off', synchronous_commit: 'local', max_connections: '200' };
  const open = () => startPostgres({ dataDir, port, settings });
  let running: RunningPostgres = await open();
  let paused: number[] = [];
  await migrate(running.url);
  const resume = () => {
    for (const pid of paused.splice(0)) signal(pid, 'SIGCONT');
  };
  const restart = async (meanwhile: () => Promise<void>) => {
    await running.close();
    await meanwhile();
    running = await open();
  };
  const setStandbys = async (names: string) => {
    const client = new pg.Client({ connectionString: running.url });
    await client.connect();
    await client.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
    await client.query('SELECT pg_reload_conf()');
    await client.end();
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
    holdCommits: () => setStandbys('away'),
    releaseCommits: () => setStandbys(''),
    copyDisk: () => restart(() => copyDataDir(dataDir, `${dataDir}-copy`)),
    putCopyBack: () => restart(() => copyDataDir(`${dataDir}-copy`, dataDir)),
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
