import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** One process of the product, which comes back when it ends by itself, as under a supervisor. */
export interface Part {
  readonly name: string;
  readonly port: number;
  /** Whether it says that it does its work. */
  isReady(): Promise<boolean>;
  /** kill -9. It stays down until `start`. */
  kill(): Promise<void>;
  start(): void;
  /** SIGSTOP: it lives and does nothing. */
  pause(): void;
  resume(): void;
  /** How often it ended without having been killed. */
  ownEnds(): number;
  /** The last it logged. */
  log(): string;
  close(): Promise<void>;
}

/** Between an end of its own and the next start, as supervisors wait. */
const RESTART_AFTER_MS = 500;

const LOG_MAX_LENGTH = 200_000;

/** Starts a compiled process. @param root  of the project, or of a copy of it with faults planted. */
export function startPart({
  name,
  workspace,
  root,
  port,
  env,
}: {
  name: string;
  workspace: 'api' | 'listener';
  root: string;
  port: number;
  env: Readonly<Record<string, string>>;
}): Part {
  let log = '';
  let child: ChildProcess | undefined;
  let isWanted = true;
  let ownEnds = 0;
  const keep = (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-LOG_MAX_LENGTH);
  };
  const start = () => {
    isWanted = true;
    if (child !== undefined) return;
    // By the channel it notices when the run is killed, and ends by itself.
    const started = spawn(process.execPath, ['--enable-source-maps', join(root, workspace, 'dist', 'main.js')], {
      env: { ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    child = started;
    started.stdout?.on('data', keep);
    started.stderr?.on('data', keep);
    started.once('exit', (code, signal) => {
      child = undefined;
      if (!isWanted) return;
      ownEnds += 1;
      keep(Buffer.from(`— ended by itself: ${signal ?? code} —\n`));
      setTimeout(() => isWanted && start(), RESTART_AFTER_MS);
    });
  };
  const end = async (signal: NodeJS.Signals) => {
    isWanted = false;
    if (child === undefined) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    child.kill('SIGCONT'); // A stopped one would not hear SIGTERM.
    const impatience = setTimeout(() => child?.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(impatience);
  };
  start();
  return {
    name,
    port,
    async isReady() {
      try {
        const response = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(1_000) });
        const { pid } = (await response.json()) as { pid?: number };
        // Another program may have the port, while ours is about to say so and end.
        return response.ok && pid === child?.pid;
      } catch {
        return false; // not up, or not answering
      }
    },
    kill: () => end('SIGKILL'),
    start,
    pause: () => child?.kill('SIGSTOP'),
    resume: () => child?.kill('SIGCONT'),
    ownEnds: () => ownEnds,
    log: () => log,
    close: () => end('SIGTERM'),
  };
}
