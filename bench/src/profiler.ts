import type { RunningProcess } from '@sync-hub/dev/hub';
import type { CpuProfile } from './cpu-profile.ts';
import { watchKernelShare } from './process-usage.ts';
import { profileProcess } from './profile-process.ts';

export interface NamedProfile {
  /** Of its file. */
  readonly name: string;
  /** Which process, at what. */
  readonly what: string;
  readonly profile: CpuProfile;
  /** What of the process's CPU time was the kernel's, all threads. Null where this cannot be known. */
  readonly kernelShare: number | null;
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
      const profile = await profileProcess(target, run);
      profiles.push({ ...of, profile, kernelShare: kernelShare() });
    },
  };
}
