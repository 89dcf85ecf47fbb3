import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { readableLine } from './log-line.ts';
import { waitFor } from './wait-for.ts';

export interface HubProcess {
  readonly name: string;
  /** Resolves when it has ended, with how: `exit code 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
  /**
   * Resolves once it does its work. From then on its lines are printed as they come; before, they are kept.
   *
   * @throws Error with its last lines when it ends, or is not ready in a minute.
   */
  ready(): Promise<void>;
  /** Ends it in order, and by force after a while. */
  close(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;
/** Above what each of its parts may take to close. */
const CLOSE_TIMEOUT_MS = 15_000;

/** Starts one of our processes, which answers `/health/ready` on the port. @param print  takes each line it writes, readable. */
export function startHubProcess({
  name,
  main,
  env,
  port,
  print,
}: {
  name: string;
  /** Path of its compiled main. */
  main: string;
  env: NodeJS.ProcessEnv;
  port: number;
  print: (line: string) => void;
}): HubProcess {
  const child = spawn(process.execPath, ['--enable-source-maps', main], {
    env,
    // In a process group of its own, or Ctrl-C would reach it beside our own signal, and two mean "at once". Should we be
    // killed, the channel breaks, and it ends by itself (see closeOnSignals).
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const early: string[] = [];
  let write = (line: string): void => {
    early.push(line);
  };
  for (const output of [child.stdout, child.stderr]) {
    if (output !== null) createInterface(output).on('line', (line) => write(readableLine(name, line)));
  }
  let end: string | undefined;
  const ended = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => {
      end = signal ?? `exit code ${code}`;
      resolve(end);
    });
  });

  return {
    name,
    ended,
    async ready() {
      let why = 'it does not answer';
      const condition = async () => {
        if (end !== undefined) return true;
        const response = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(2_000) });
        const body: unknown = await response.json();
        if (isRecord(body) && typeof body['why'] === 'string') why = body['why'];
        // Another program may have the port, while ours is about to say so and end.
        return response.ok && isRecord(body) && body['pid'] === child.pid;
      };
      try {
        await waitFor(condition, { what: `the ${name} to be ready`, timeoutMs: READY_TIMEOUT_MS });
      } catch (cause) {
        throw new Error(
          [`The ${name} is not ready after ${READY_TIMEOUT_MS / 1000} s (${why}).`, ...early].join('\n'),
          { cause },
        );
      }
      if (end !== undefined) throw new Error([`The ${name} did not start (${end}).`, ...early].join('\n'));
      write = print;
      for (const line of early) print(line);
    },
    async close() {
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
      await ended;
      clearTimeout(impatience);
    },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
