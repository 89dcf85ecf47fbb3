import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Bench } from './bench.ts';
import { closedOnce } from './closed-once.ts';
import type { Half } from './core-layout.ts';

/** A program of the bench in a process of its own: a server that ours is held against, or a client that is not to be disturbed. */
export interface Child {
  readonly pid: number;
  /** Of 127.0.0.1; 0 when it serves nobody. */
  readonly port: number;
  /** Tells it something, and waits for its answer. One at a time. */
  ask<Answer>(message: object): Promise<Answer>;
  /** Tells it something that has no answer. */
  tell(message: object): void;
  close(): Promise<void>;
}

/**
 * Starts a program that speaks as `serve.ts` does. It ends with us, however we end.
 *
 * @param script  a compiled file.
 * @param settings  JSON for it.
 */
export async function startChild(
  { closing, layout }: Bench,
  { script, settings = {}, half }: { readonly script: URL; readonly settings?: object; readonly half: Half },
): Promise<Child> {
  const child = fork(fileURLToPath(script), [JSON.stringify(settings)], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', NODE_NO_WARNINGS: '1' },
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const close = closedOnce(closing, script.pathname, async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const answer = async () => {
    const [message] = await Promise.race([
      once(child, 'message'),
      ended.then(([code, signal]): never => {
        throw new Error(`${script.pathname} has ended: ${signal ?? `exit code ${code}`}`);
      }),
    ]);
    return message;
  };
  const { port } = (await answer()) as { port: number };
  const pid = child.pid ?? 0;
  layout.move(pid, half);
  return {
    pid,
    port,
    async ask(message) {
      const answered = answer();
      child.send(message);
      return (await answered) as never;
    },
    tell: (message) => void child.send(message),
    close,
  };
}

/** A program in `peers/`. */
export type PeerName =
  | 'raw-broadcast'
  | 'yoga-pubsub'
  | 'bare-splice'
  | 'kafkajs-subscriptions'
  | 'tutorial-mutations'
  | 'kafkajs-batches';

/** Starts a peer on the serving half of the cores. @param peer  its name, or its compiled file. */
export function startPeer(bench: Bench, peer: PeerName | URL, settings?: object): Promise<Child> {
  const script = typeof peer === 'string' ? new URL(`./peers/${peer}.js`, import.meta.url) : peer;
  return startChild(bench, { script, half: 'reading', ...(settings === undefined ? {} : { settings }) });
}
