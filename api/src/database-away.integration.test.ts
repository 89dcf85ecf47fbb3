import { expect, test } from '@jest/globals';
import { freePorts } from '@sync-hub/dev/free-ports';
import { createTestDatabase } from '@sync-hub/dev/test-database';
import { createPrisma } from '@sync-hub/prisma/client';
import { isDatabaseAway } from './database-away.ts';

const failureOf = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('it has not failed');
};

test('a server that is not there is away', async () => {
  const [port] = await freePorts(1);
  const prisma = createPrisma({ databaseUrl: `postgres://nobody@127.0.0.1:${port}/nothing` });
  expect(isDatabaseAway(await failureOf(prisma.user.count()))).toBe(true);
  expect(isDatabaseAway(await failureOf(prisma.$queryRaw`SELECT 1`))).toBe(true);
  await prisma.$disconnect();
});

test('a connection that is cut in the middle of a query, or of a transaction, is away', async () => {
  const database = await createTestDatabase();
  const prisma = createPrisma({ databaseUrl: database.url, maxConnections: 1 });
  const cut = () =>
    database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep%'`,
    );
  const sleeping = failureOf(prisma.$queryRaw`SELECT pg_sleep(20)::text`);
  const timer = setInterval(() => void cut(), 100);
  expect(isDatabaseAway(await sleeping)).toBe(true);
  const inTransaction = failureOf(prisma.$transaction((tx) => tx.$queryRaw`SELECT pg_sleep(4)::text`));
  expect(isDatabaseAway(await inTransaction)).toBe(true);
  clearInterval(timer);
  await prisma.$disconnect();
  await database.close();
});

test('a server that takes longer than a statement may is away', async () => {
  const database = await createTestDatabase();
  const prisma = createPrisma({ databaseUrl: database.url });
  const late = prisma.$transaction(async (tx) => {
    await tx.$executeRawUnsafe('SET LOCAL statement_timeout = 50');
    await tx.$queryRaw`SELECT pg_sleep(20)::text`;
  });
  expect(isDatabaseAway(await failureOf(late))).toBe(true);
  await prisma.$disconnect();
  await database.close();
});

test('a mistake in a statement is not, and neither is one of ours', async () => {
  const database = await createTestDatabase();
  const prisma = createPrisma({ databaseUrl: database.url });
  expect(isDatabaseAway(await failureOf(prisma.$queryRaw`SELECT nonsense`))).toBe(false);
  expect(isDatabaseAway(new TypeError('of ours'))).toBe(false);
  await prisma.$disconnect();
  await database.close();
});
