import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { startPostgres } from './postgres.ts';
import { createRunFolder, deleteRunFolder } from './run-folder.ts';

const startIn = (folder: string) => startPostgres({ dataDir: join(folder, 'postgres'), settings: { fsync: 'off' } });

test('the end of a run ends every server whose data lies in its folder, and deletes it', async () => {
  const folder = await createRunFolder();
  const server = await startIn(folder);
  deleteRunFolder(folder);
  await server.ended;
  expect(existsSync(folder)).toBe(false);
});

test('what a killed run left behind is gone when the next begins', async () => {
  const { pid } = spawnSync(process.execPath, ['--version']); // one that has ended
  const leftover = join(tmpdir(), `sync-hub-test-${pid}-killed`);
  mkdirSync(leftover, { mode: 0o755 });
  const server = await startIn(leftover);

  const next = await createRunFolder();
  await server.ended;
  expect(existsSync(leftover)).toBe(false);
  deleteRunFolder(next);
});
