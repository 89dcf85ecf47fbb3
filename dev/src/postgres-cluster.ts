import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PostgresBinaries } from './postgres-binaries.ts';
import type { ServerUser } from './server-user.ts';

interface Cluster {
  readonly dataDir: string;
  readonly binaries: PostgresBinaries;
  readonly user: ServerUser;
  /** Whether a power cut just after it is made may destroy it: quicker, for tests. */
  readonly isThrowaway: boolean;
}

/** The superuser's password: drawn when the cluster is made, kept inside its folder, which only its user may read. */
const PASSWORD_FILE = 'sync-hub.password';

/**
 * Makes the cluster unless it is there, and returns its superuser's password.
 *
 * @throws Error when the folder holds a cluster of another PostgreSQL version, or something else.
 */
export async function ensureCluster(cluster: Cluster): Promise<{ password: string }> {
  const { dataDir, binaries } = cluster;
  const versionFile = join(dataDir, 'PG_VERSION');
  if (!existsSync(versionFile)) await makeCluster(cluster);
  const version = readFileSync(versionFile, 'utf8').trim();
  if (version !== binaries.majorVersion) {
    throw new Error(
      `${dataDir} was made by PostgreSQL ${version}, and this is PostgreSQL ${binaries.majorVersion}, which cannot open it. ` +
        'Dump it with its own version and restore it here, or move the folder away to start with an empty database.',
    );
  }
  return { password: readFileSync(join(dataDir, PASSWORD_FILE), 'utf8').trim() };
}

/** initdb into a folder beside it and one rename: whoever is interrupted leaves no half a cluster. */
async function makeCluster({ dataDir, binaries, user, isThrowaway }: Cluster): Promise<void> {
  const unfinished = `${dataDir}.unfinished`;
  const passwordFile = `${dataDir}.password`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  writeFileSync(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  user.own(unfinished);
  user.own(passwordFile);
  const { program, args, options } = user.launch(binaries.initdb, [
    `--pgdata=${unfinished}`,
    '--username=postgres',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    // Not the machine's locale, which would decide how text sorts: bytewise, and Unicode's letters, the same everywhere.
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...(isThrowaway ? ['--no-sync'] : []),
  ]);
  try {
    await promisify(execFile)(program, args, options);
    renameSync(passwordFile, join(unfinished, PASSWORD_FILE));
    renameSync(unfinished, dataDir); // fails when there is something else, and only an empty folder gives way
  } catch (cause) {
    throw new Error(`Cannot make a PostgreSQL cluster in ${dataDir}: ${reasonOf(cause)}`, { cause });
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
    rmSync(passwordFile, { force: true });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'stderr' in error && error.stderr) return String(error.stderr).trim();
  return error instanceof Error ? error.message : String(error);
}
