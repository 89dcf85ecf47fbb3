import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning, readPidFile, wasStartedWith } from './processes.ts';

const PREFIX = 'sync-hub-test-';

/** Files that name a server's process, as the servers themselves or startKafka write them into their data folder. */
const PID_FILES = ['postmaster.pid', 'broker.pid'];

/**
 * Makes a folder for one run of the tests: everything they start keeps its data below it.
 *
 * What earlier runs left behind because they were killed is ended and deleted first.
 */
export async function createRunFolder(): Promise<string> {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (owner > 0 && !isRunning(owner)) deleteRunFolder(join(tmpdir(), name));
  }
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  await chmod(folder, 0o755); // as root, PostgreSQL runs as another user, who must get through
  return folder;
}

/** Ends every server whose data lies in the folder, at once and without saving, and deletes it. Synchronous: `exit` listeners may call it. */
export function deleteRunFolder(folder: string): void {
  if (!existsSync(folder)) return;
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!PID_FILES.some((name) => path.endsWith(name))) continue;
    const pid = readPidFile(join(folder, path));
    if (pid !== undefined && wasStartedWith(pid, folder))
      process.kill(pid, path.endsWith('postmaster.pid') ? 'SIGQUIT' : 'SIGKILL');
  }
  // The last of them may still be writing: deleting is tried again for a while.
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}
