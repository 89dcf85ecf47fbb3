/** `npm run migrate`: applies what is pending to DATABASE_URL. Exit code 0: up to date; 1: the message says why not. */
import { migrate } from './migrate.ts';

const databaseUrl = process.env['DATABASE_URL'];
if (!databaseUrl) {
  fail('DATABASE_URL is not set: give the database to migrate, as postgres://user:password@host:5432/name.');
} else {
  try {
    const applied = await migrate(databaseUrl, { log: (message) => process.stdout.write(`${message}\n`) });
    process.stdout.write(applied.length === 0 ? 'The database is up to date.\n' : `${applied.length} applied.\n`);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
