import { once } from 'node:events';
import type { RunningProcess } from '@sync-hub/dev/hub';
import { waitFor } from '@sync-hub/dev/wait-for';
import { WebSocket } from 'ws';

/** For a process that is to be inspected: any free port, since several of them are on this machine. */
export const inspectableEnv = { NODE_OPTIONS: '--inspect-port=0' } as const;

/** V8 in a process that runs. @see https://chromedevtools.github.io/devtools-protocol/v8/ */
export interface Inspector {
  ask(method: string): Promise<unknown>;
  close(): void;
}

/** SIGUSR1 makes Node open its inspector and say where. */
export async function openInspector(target: RunningProcess): Promise<Inspector> {
  process.kill(target.pid, 'SIGUSR1');
  const url = await waitFor(() => /Debugger listening on (ws:\S+)/.exec(target.log())?.[1], { what: 'the inspector' });
  const socket = new WebSocket(url);
  await once(socket, 'open');
  let lastId = 0;
  return {
    ask: (method) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        const onMessage = (data: unknown) => {
          const answer: { id?: number; result?: unknown; error?: { message: string } } = JSON.parse(String(data));
          if (answer.id !== id) return;
          socket.off('message', onMessage);
          if (answer.error === undefined) resolve(answer.result);
          else reject(new Error(`${method}: ${answer.error.message}`));
        };
        socket.on('message', onMessage);
        socket.send(JSON.stringify({ id, method }));
      }),
    close: () => socket.close(),
  };
}
