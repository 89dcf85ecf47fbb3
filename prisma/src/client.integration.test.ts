import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createPrisma } from './client.ts';
import type { PrismaClient } from './generated/client.ts';

let database: TestDatabase;
let prisma: PrismaClient;

beforeAll(async () => {
  database = await createTestDatabase();
  prisma = createPrisma({ databaseUrl: database.url, maxConnections: 1 });
});

afterAll(async () => {
  await prisma?.$disconnect();
  await database?.close();
});

test('reads back what it writes, through every table’s own types', async () => {
  const user = await prisma.user.create({ data: { email: 'ada@example.com', name: 'Ada', color: '#a1b2c3' } });
  const workspace = await prisma.workspace.create({
    data: { name: 'Demo', members: { create: { userId: user.id, role: 'OWNER' } } },
  });
  const dueAt = new Date('2026-01-02T03:04:05.678Z');
  const task = await prisma.task.create({
    data: { workspaceId: workspace.id, title: 'Try it', assigneeId: user.id, dueAt },
  });
  expect(await prisma.task.findUnique({ where: { id: task.id }, include: { assignee: true } })).toMatchObject({
    version: 1,
    status: 'TODO',
    dueAt,
    assignee: { email: 'ada@example.com', role: 'MEMBER' },
  });
});

test('an update comes back with the version that the database gave it', async () => {
  const { id } = await prisma.workspace.create({ data: { name: 'Before' } });
  expect(await prisma.workspace.update({ where: { id }, data: { name: 'After', version: 99 } })).toMatchObject({
    version: 2,
  });
});

test('a repeated query is planned once', async () => {
  for (let i = 0; i < 3; i++) await prisma.user.findMany({ where: { role: 'ADMIN' } });
  const statements = await prisma.$queryRaw<unknown[]>`
    SELECT FROM pg_prepared_statements WHERE statement LIKE 'SELECT "public"."users"%' AND statement LIKE '%"role" = CAST%'`;
  expect(statements).toHaveLength(1);
});

test('no more connections are opened than may be; others wait for theirs', async () => {
  const counts = await Promise.all(
    [1, 2, 3].map(
      () => prisma.$queryRaw<{ connections: number }[]>`
        SELECT count(*)::int AS connections FROM pg_stat_activity, pg_sleep(0.05)
        WHERE datname = current_database() AND application_name = current_setting('application_name')`,
    ),
  );
  expect(counts.map(([row]) => row?.connections)).toEqual([1, 1, 1]);
});
