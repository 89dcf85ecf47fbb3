import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { freePorts } from '@sync-hub/dev/free-ports';
import { testJwtSecret } from '@sync-hub/dev/hub';
import { createTestDatabase } from '@sync-hub/dev/test-database';

const main = fileURLToPath(new URL('../api/dist/main.js', import.meta.url));
const run = promisify(execFile);

test('an API that serves a table which is not tracked does not start, and says what tracks it', async () => {
  const database = await createTestDatabase();
  await database.query(`SELECT sync.untrack('comments')`);
  const [port] = await freePorts(1);
  const env = { DATABASE_URL: database.url, JWT_SECRET: testJwtSecret, PORT: String(port) };
  await expect(run(process.execPath, [main], { env, timeout: 15_000 })).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining("SELECT sync.track('comments', 'workspace_id');"),
  });
  await database.close();
});
