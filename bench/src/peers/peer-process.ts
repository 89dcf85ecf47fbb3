import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A server that ours is held against, in a process of its own. */
export interface PeerProcess {
  readonly pid: number;
  /** Of 127.0.0.1; 0 when it serves nobody. */
  readonly port: number;
  /** Tells it something, and waits for its answer to just that. */
  ask<Answer>(message: unknown): Promise<Answer>;
  /** Tells it something that has no answer. */
  tell(message: unknown): void;
  close(): Promise<void>;
}

const NAMES = ['raw-broadcast', 'yoga-pubsub', 'bare-splice', 'tutorial-mutations', 'kafkajs-batches'] as const;
export type PeerName = (typeof NAMES)[number];

/**
 * Starts one of the programs beside this file. It ends with us, however we end: see `serve.ts`.
 *
 * @param settings  JSON for it.
 */
export async function startPeer(name: PeerName, settings: unknown = {}): Promise<PeerProcess> {
  const script = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const child = fork(script, [JSON.stringify(settings)], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const answer = async () => {
    const [message] = await Promise.race([
      once(child, 'message'),
      ended.then(([code, signal]): never => {
        throw new Error(`peer ${name} has ended: ${signal ?? `exit code ${code}`}`);
      }),
    ]);
    return message;
  };
  const { port } = (await answer()) as { port: number };
  return {
    pid: child.pid ?? 0,
    port,
    async ask(message) {
      const answered = answer();
      child.send(message as object);
      return (await answered) as never;
    },
    tell: (message) => void child.send(message as object),
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await ended;
    },
  };
}
