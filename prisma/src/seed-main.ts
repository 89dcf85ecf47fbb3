/** `npm run seed`: puts the demo into DATABASE_URL when it has no user. Exit code 0: it is there, or users are; 1: the message says why not. */
import { seed } from './seed.ts';

const databaseUrl = process.env['DATABASE_URL'];
if (process.env['NODE_ENV'] === 'production') {
  fail('The demo has well-known passwords: it is not for production (NODE_ENV=production).');
} else if (!databaseUrl) {
  fail('DATABASE_URL is not set: give the database to seed, as postgres://user:password@host:5432/name.');
} else {
  try {
    const isNew = await seed(databaseUrl);
    process.stdout.write(isNew ? 'Seeded the demo.\n' : 'There are users already: nothing was seeded.\n');
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
