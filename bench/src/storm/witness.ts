/**
 * A client that is connected while others storm the hub, in a process of its own: in theirs it would wait for them. It is
 * told `start`, later asked to `stop`, and answers how long each change took to reach it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startCommitToClient } from '../commit-to-client.ts';
import { onMessage, readSettings, ready } from '../serve.ts';

export interface WitnessSettings {
  readonly url: string;
  readonly token: string;
  readonly workspaceId: string;
  readonly task: { readonly globalId: string; readonly uuid: string };
  readonly databaseUrl: string;
}

export type WitnessOrder = 'start' | 'stop';

const PAUSE_MS = 20;

const { url, token, workspaceId, task, databaseUrl } = readSettings<WitnessSettings>();
const author = { url, getToken: async () => token, workspaceId, tasks: [task] };
const probe = await startCommitToClient({ author, databaseUrl });
let watching: { isOver: boolean; readonly samples: Promise<number[]> } | null = null;

onMessage(async ({ order }: { readonly order: WitnessOrder }) => {
  if (order === 'start') {
    const state = { isOver: false };
    watching = Object.assign(state, { samples: watch(state) });
    return undefined;
  }
  if (watching === null) throw new Error('told to stop what has not begun');
  watching.isOver = true;
  return { samples: await watching.samples };
});
ready();

/** At least one sample, however short the storm is. */
async function watch(state: { readonly isOver: boolean }): Promise<number[]> {
  const samples: number[] = [];
  do {
    samples.push(await probe.sample());
    await sleep(PAUSE_MS);
  } while (!state.isOver);
  return samples;
}
