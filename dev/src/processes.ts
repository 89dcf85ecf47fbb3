import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Whether a process with this id exists (its being another user's does not matter). */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Whether that process was started with `text` in its command: process ids are used again, so an id alone proves nothing. */
export function wasStartedWith(pid: number, text: string): boolean {
  return (ask(pid, 'command') ?? '').includes(text);
}

/** The id of the process that it is a child of; undefined when there is no such process. */
export function parentOf(pid: number): number | undefined {
  const answer = ask(pid, 'ppid');
  return answer === undefined ? undefined : Number(answer);
}

/** The process id on the first line of a file, such as `postmaster.pid`; undefined when there is no such file. */
export function readPidFile(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
  return pid > 0 ? pid : undefined;
}

function ask(pid: number, column: 'command' | 'ppid'): string | undefined {
  try {
    if (process.platform !== 'linux')
      return execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' });
    // Small Linux images have no ps.
    if (column === 'command') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  } catch {
    return undefined; // no such process
  }
}
