import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { migrate } from '@sync-hub/prisma/migrate';
import pg from 'pg';

interface Copying {
  readonly from: string;
  readonly fromDir: string;
  /** An empty server. */
  readonly to: string;
  readonly toDir: string;
  /** A URL whose password the new server takes on: who was told it goes on connecting. */
  readonly passwordOf: string;
}

const FILE = 'table.copy';

/** What pg_dump and a restore do to `counters` and all that the relay knows: rows by COPY, sequences set, triggers last. */
export async function copyInto({ from, fromDir, to, toDir, passwordOf }: Copying): Promise<void> {
  await migrate(to);
  const [source, target] = [new pg.Client(from), new pg.Client(to)];
  await Promise.all([source.connect(), target.connect()]);
  try {
    await target.query(
      'CREATE TABLE counters (id integer PRIMARY KEY, version integer NOT NULL DEFAULT 1, n integer NOT NULL DEFAULT 0, note text)',
    );
    const { rows } = await source.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'sync' OR tablename = 'counters'`,
    );
    for (const { name } of rows) {
      await source.query(`COPY ${name} TO '${join(fromDir, FILE)}'`);
      await promisify(execFile)('cp', ['-a', join(fromDir, FILE), join(toDir, FILE)]);
      await target.query(`TRUNCATE ${name} CASCADE`);
      await target.query(`COPY ${name} FROM '${join(toDir, FILE)}'`);
    }
    await target.query(`SELECT setval(pg_get_serial_sequence('sync.outbox', 'id'), (SELECT max(id) FROM sync.outbox))`);
    await target.query(`SELECT sync.track('counters')`);
    await target.query(`ALTER ROLE postgres PASSWORD '${new URL(passwordOf).password}'`);
  } finally {
    await Promise.all([source.end(), target.end()]);
  }
}
