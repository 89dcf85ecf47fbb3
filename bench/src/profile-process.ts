import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningProcess } from '@sync-hub/dev/hub';
import { waitFor } from '@sync-hub/dev/wait-for';
import { WebSocket } from 'ws';
import type { CpuProfile } from './cpu-profile.ts';

/** For a process that is to be profiled: any free port, since several of them are on this machine. */
export const profilableEnv = { NODE_OPTIONS: '--inspect-port=0' } as const;

/**
 * Profiles a process that runs, for a while, as `node --cpu-prof` would from its start to its end: at rest, its start
 * would be most of the profile.
 *
 * SIGUSR1 makes Node open its inspector and say where.
 *
 * @see https://chromedevtools.github.io/devtools-protocol/v8/Profiler/
 */
export async function profileProcess(target: RunningProcess, durationMs: number): Promise<CpuProfile> {
  process.kill(target.pid, 'SIGUSR1');
  const url = await waitFor(() => /Debugger listening on (ws:\S+)/.exec(target.log())?.[1], { what: 'the inspector' });
  const socket = new WebSocket(url);
  await once(socket, 'open');
  try {
    const ask = createAsk(socket);
    await ask('Profiler.enable');
    await ask('Profiler.start');
    await sleep(durationMs);
    const { profile } = (await ask('Profiler.stop')) as { profile: CpuProfile };
    return profile;
  } finally {
    socket.close();
  }
}

function createAsk(socket: WebSocket): (method: string) => Promise<unknown> {
  let lastId = 0;
  return (method) =>
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
    });
}
