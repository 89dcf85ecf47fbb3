import { setTimeout as sleep } from 'node:timers/promises';

/** Something that can be sent down a path and timed at its end. */
export interface LatencyProbe {
  /** Sends one and waits for it. @returns how long it was under way, in milliseconds. */
  sample(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Samples one after the other with a pause between, so that each finds the path idle.
 *
 * @param pauseMs  on average. Each pause differs by up to a fifth, or samples could march in step with somebody's timer.
 */
export async function takeSamples(
  probe: LatencyProbe,
  { count, pauseMs }: { readonly count: number; readonly pauseMs: number },
): Promise<number[]> {
  const samples: number[] = [];
  for (let taken = 0; taken < count; taken++) {
    await sleep(pauseMs * (0.8 + 0.4 * Math.random()));
    samples.push(await probe.sample());
  }
  return samples;
}
