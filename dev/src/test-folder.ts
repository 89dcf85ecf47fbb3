import { mkdtempSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A new empty folder for a server of a test's own. Deleted at the end of the run, and servers that still run in it ended,
 * however the run ends.
 */
export async function createTestFolder(): Promise<string> {
  const runFolder = process.env['TEST_RUN_FOLDER'];
  if (runFolder === undefined)
    throw new Error('No run folder: name the file *.integration.test.ts and run it with jest.');
  const folder = mkdtempSync(join(runFolder, 'own-'));
  await chmod(folder, 0o755); // as root, PostgreSQL runs as another user, who must get through
  return folder;
}
