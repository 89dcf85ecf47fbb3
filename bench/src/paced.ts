import { setTimeout as sleep } from 'node:timers/promises';
import type { Load } from './throughput.ts';

export interface PacedResult {
  readonly done: number;
  /** Per second. */
  readonly rate: number;
  readonly slowestMs: number;
}

/** Begins acts at an even pace, or as fast as `clients` allow where that is slower. Ends with the last act's end. */
export async function measurePaced(
  load: Load,
  { clients, durationMs, perSecond }: { clients: number; durationMs: number; perSecond: number },
): Promise<PacedResult> {
  const startedAt = performance.now();
  const pauseMs = 1_000 / perSecond;
  let begun = 0;
  let done = 0;
  let slowestMs = 0;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (;;) {
        const dueAt = startedAt + begun++ * pauseMs;
        if (dueAt >= startedAt + durationMs) return;
        const earlyMs = dueAt - performance.now();
        if (earlyMs > 0) await sleep(earlyMs);
        if (performance.now() >= startedAt + durationMs) return;
        const actedAt = performance.now();
        await load.act(client);
        slowestMs = Math.max(slowestMs, performance.now() - actedAt);
        done++;
      }
    }),
  );
  return { done, rate: (done / (performance.now() - startedAt)) * 1_000, slowestMs };
}
