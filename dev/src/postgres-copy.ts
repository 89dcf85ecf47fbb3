import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * Copies a server's folder, or puts a copy of it back: what is at `to` goes. The server must not be running. Its owner,
 * who is not always ours, stays (`fs.cp` would make it ours).
 */
export async function copyDataDir(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await promisify(execFile)('cp', ['-a', from, to]);
}
