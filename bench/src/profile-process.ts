import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningProcess } from '@sync-hub/dev/hub';
import type { CpuProfile } from './cpu-profile.ts';
import { openInspector } from './inspector.ts';

/**
 * Profiles a process that runs, for a while, as `node --cpu-prof` would from its start to its end: at rest, its start
 * would be most of the profile.
 */
export async function profileProcess(target: RunningProcess, durationMs: number): Promise<CpuProfile> {
  const { ask, close } = await openInspector(target);
  try {
    await ask('Profiler.enable');
    await ask('Profiler.start');
    await sleep(durationMs);
    const { profile } = (await ask('Profiler.stop')) as { profile: CpuProfile };
    return profile;
  } finally {
    close();
  }
}
