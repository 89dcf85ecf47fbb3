import type { RunningProcess } from '@sync-hub/dev/hub';
import type { CpuProfile } from './cpu-profile.ts';
import { canWatchProcesses, readCpuMs, watchKernelShare } from './process-usage.ts';
import { profileProcess } from './profile-process.ts';

export interface NamedProfile {
  /** Of its file. */
  readonly name: string;
  /** Which process, at what. */
  readonly what: string;
  readonly profile: CpuProfile;
  /** What of the process's CPU time was the kernel's, all threads. Null where this cannot be known. */
  readonly kernelShare: number | null;
  /** Of a core, meanwhile. Well below 1, it is not what the rest waits for. Null where this cannot be known. */
  readonly cpuShare: number | null;
}

/** Takes CPU profiles and keeps them. */
export interface Profiler {
  readonly profiles: readonly NamedProfile[];
  /** @param target  was started with `inspectableEnv`. @param run  is what it is profiled at. */
  during(of: Pick<NamedProfile, 'name' | 'what'>, target: RunningProcess, run: () => Promise<unknown>): Promise<void>;
}

export function createProfiler(): Profiler {
  const profiles: NamedProfile[] = [];
  return {
    profiles,
    async during(of, target, run) {
      const kernelShare = watchKernelShare(target.pid);
      let cpuShare: number | null = null;
      const profile = await profileProcess(target, async () => {
        const [startedAtMs, cpuMs] = [performance.now(), canWatchProcesses ? readCpuMs(target.pid) : null];
        await run();
        if (cpuMs !== null) cpuShare = (readCpuMs(target.pid) - cpuMs) / (performance.now() - startedAtMs);
      });
      profiles.push({ ...of, profile, kernelShare: kernelShare(), cpuShare });
    },
  };
}
