import type { RunningProcess } from '@sync-hub/dev/hub';
import type { CpuProfile } from './cpu-profile.ts';
import { openInspector } from './inspector.ts';

/**
 * Profiles a process that runs while something is done, as `node --cpu-prof` would from its start to its end: at rest, its start
 * would be most of the profile.
 */
export async function profileProcess(target: RunningProcess, run: () => Promise<unknown>): Promise<CpuProfile> {
  const { ask, close } = await openInspector(target);
  try {
    await ask('Profiler.enable');
    await ask('Profiler.start');
    await run();
    const { profile } = (await ask('Profiler.stop')) as { profile: CpuProfile };
    return profile;
  } finally {
    close();
  }
}
