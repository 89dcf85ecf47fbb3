import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from './migration-error.ts';

/** One folder of `prisma/migrations`. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
  /** What Prisma writes beside the name: sha256 of the file, in hexadecimal. */
  readonly checksum: string;
}

/** Reads a folder of migrations as Prisma lays it out (`<name>/migration.sql`), in the order in which they apply. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(names.sort().map((name) => readMigration(folder, name)));
}

/**
 * Tells whether a file still is what was applied. Line endings do not count, as they do not for Prisma: git changes
 * them between systems.
 */
export function isUnchanged(migration: Migration, appliedChecksum: string): boolean {
  const unix = migration.sql.replaceAll('\r\n', '\n');
  return [migration.sql, unix, unix.replaceAll('\n', '\r\n')].some((sql) => checksumOf(sql) === appliedChecksum);
}

async function readMigration(folder: string, name: string): Promise<Migration> {
  const path = join(folder, name, 'migration.sql');
  const sql = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new MigrationError(`${path} cannot be read. Restore the file, or remove its folder.`, { cause });
  });
  return { name, sql, checksum: checksumOf(sql) };
}

function checksumOf(sql: string): string {
  return createHash('sha256').update(sql).digest('hex');
}
