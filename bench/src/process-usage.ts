import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Usage {
  /** The largest seen. */
  readonly rssBytes: number;
  /** Of one core: 0.01 is one percent. */
  readonly cpuShare: number;
}

/** Only Linux tells what its processes use in the way we read it. */
export const canWatchProcesses = process.platform === 'linux';

const LOOK_EVERY_MS = 500;

/** Watches processes for a while from outside, without disturbing them. In the order of `pids`. */
export async function watchProcesses(pids: readonly number[], durationMs: number): Promise<Usage[]> {
  const startedAtMs = performance.now();
  const cpuBefore = pids.map(readCpuMs);
  const rssBytes = pids.map(readRssBytes);
  while (performance.now() - startedAtMs < durationMs) {
    await sleep(LOOK_EVERY_MS);
    for (const [index, pid] of pids.entries()) rssBytes[index] = Math.max(rssBytes[index] ?? 0, readRssBytes(pid));
  }
  const elapsedMs = performance.now() - startedAtMs;
  return pids.map((pid, index) => ({
    rssBytes: rssBytes[index] ?? 0,
    cpuShare: (readCpuMs(pid) - (cpuBefore[index] ?? 0)) / elapsedMs,
  }));
}

/** CPU time of all its threads so far, in milliseconds. Not `stat`, which counts in steps of 10 ms: at rest that is what a process uses in a second. */
export function readCpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((thread) => {
    const [onCpu = ''] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    return Number(onCpu);
  });
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
}

/**
 * What of a process's CPU time is the kernel's.
 *
 * @returns tells it of the time from now on; null where this cannot be known.
 */
export function watchKernelShare(pid: number): () => number | null {
  if (!canWatchProcesses) return () => null;
  const before = readTicks(pid);
  return () => {
    const { user, kernel } = readTicks(pid);
    return (kernel - before.kernel) / (user - before.user + kernel - before.kernel);
  };
}

/** @see proc(5), /proc/pid/stat: fields 14 and 15, counted after the name, which may hold anything. */
function readTicks(pid: number): { readonly user: number; readonly kernel: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { user: Number(fields[11]), kernel: Number(fields[12]) };
}

export function readRssBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kibibytes === undefined) throw new Error(`process ${pid} has ended`);
  return Number(kibibytes) * 1_024;
}
