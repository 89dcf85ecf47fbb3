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
  if (!isRunning(pid)) return false;
  try {
    return commandOf(pid).includes(text);
  } catch {
    return false; // it ended between the two questions
  }
}

/** The process id on the first line of a file, such as `postmaster.pid`; undefined when there is no such file. */
export function readPidFile(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
  return pid > 0 ? pid : undefined;
}

function commandOf(pid: number): string {
  if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
}
