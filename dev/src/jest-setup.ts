import { join } from 'node:path';
import { startPostgres } from './postgres.ts';
import { createRunFolder, deleteRunFolder } from './run-folder.ts';

/** jest's globalSetup of integration runs. Tests learn of the servers through process.env, which jest's workers inherit. */
const setUp = async () => {
  const folder = await createRunFolder();
  process.env['TEST_RUN_FOLDER'] = folder;
  // However the run ends: jest runs no teardown after a failed setup, nor when it is interrupted.
  process.once('exit', () => deleteRunFolder(folder));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

  const postgres = await startPostgres({
    dataDir: join(folder, 'postgres'),
    // No power cut is survived without fsync, but tests only kill processes, and what those wrote stays in the system's cache.
    settings: { fsync: 'off', max_connections: '300' },
  });
  process.env['TEST_POSTGRES_URL'] = postgres.url;
};

export default setUp;
