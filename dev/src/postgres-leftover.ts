import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentOf, readPidFile, wasStartedWith } from './processes.ts';
import { waitFor } from './wait-for.ts';

const OWNER_FILE = 'sync-hub.owner';

/** How long its shutdown checkpoint may take. */
const END_TIMEOUT_MS = 30_000;

/** Notes that this process has started the server of the folder, for {@link endAbandonedServer}. */
export function noteOwner(dataDir: string): void {
  writeFileSync(join(dataDir, OWNER_FILE), `${process.pid}\n`);
}

/**
 * Ends the server that a killed process left running on this folder, if any.
 *
 * @throws Error when the process that started it still lives: then it is in use.
 */
export async function endAbandonedServer(dataDir: string): Promise<void> {
  const server = readPidFile(join(dataDir, 'postmaster.pid'));
  if (server === undefined || !wasStartedWith(server, dataDir)) return;
  const owner = readPidFile(join(dataDir, OWNER_FILE));
  // An orphan has another parent by now; asking whether the owner runs would not do, ids are used again.
  if (owner === undefined || parentOf(server) === owner) {
    throw new Error(
      `${dataDir} is in use by process ${owner ?? server}. End that one first: two cannot share the data.`,
    );
  }
  process.kill(server, 'SIGINT');
  const ended = () => !existsSync(join(dataDir, 'postmaster.pid'));
  await waitFor(ended, {
    what: `the PostgreSQL that an earlier run left behind (process ${server}) to end`,
    timeoutMs: END_TIMEOUT_MS,
  });
}
