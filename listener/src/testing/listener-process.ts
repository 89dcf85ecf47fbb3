import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const workspace = fileURLToPath(new URL('../..', import.meta.url));

/** Compiles what the processes of a test run. Quick when nothing has changed. */
export async function buildListener(): Promise<void> {
  const tsc = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));
  await promisify(execFile)(process.execPath, [tsc, '-b', workspace]);
}

export interface ListenerProcess {
  /** What /health/ready says, with its status. */
  ready(): Promise<{ status: number; why: string }>;
  metrics(): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code, null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Starts a listener as in production. Resolves when it answers; rejects with what it said when it ends before. */
export async function startListener(env: Readonly<Record<string, string>>): Promise<ListenerProcess> {
  const child = spawn(process.execPath, ['dist/main.js'], {
    cwd: workspace,
    env: { PATH: process.env['PATH'], LISTENER_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const url = `http://127.0.0.1:${await portOf(child)}`;
  return {
    async ready() {
      const response = await fetch(`${url}/health/ready`);
      const { why } = (await response.json()) as { why: string };
      return { status: response.status, why };
    },
    metrics: async () => (await fetch(`${url}/metrics`)).text(),
    signal: (name) => child.kill(name),
    ended,
  };
}

function portOf(child: ChildProcess): Promise<number> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the listener was spawned without pipes');
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    stderr.on('data', (text) => said.push(String(text)));
    createInterface(stdout).on('line', (line) => {
      said.push(line);
      const { msg, port } = JSON.parse(line) as { msg?: string; port?: number };
      if (msg === 'listening' && port !== undefined) resolve(port);
    });
    child.once('close', () => reject(new Error(said.join('\n'))));
  });
}
