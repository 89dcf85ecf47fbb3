import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createPrisma } from '@sync-hub/prisma/client';
import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import { readClaimedRow } from './claimed-row.ts';

let database: TestDatabase;
let prisma: PrismaClient;
beforeAll(async () => {
  database = await createTestDatabase();
  prisma = createPrisma({ databaseUrl: database.url });
});
afterAll(async () => {
  await prisma.$disconnect();
  await database.close();
});

test('the rows of a claim are read when both together may be held, and not at all when they may not', async () => {
  await database.query(`INSERT INTO workspaces (name) VALUES (repeat('x', 100))`);
  await database.query(`UPDATE workspaces SET name = repeat('y', 100)`);
  const [, update] = await database.query<{ id: string; bytes: number }>(
    `SELECT id, coalesce(octet_length(old::text), 0) + octet_length(new::text) AS bytes FROM sync.outbox ORDER BY id`,
  );
  if (update === undefined) throw new Error('nothing was captured');
  const rows = await readClaimedRow(prisma, update.id, update.bytes);
  expect(rows).toMatchObject({ before: { name: 'x'.repeat(100) }, after: { name: 'y'.repeat(100) } });
  expect(await readClaimedRow(prisma, update.id, update.bytes - 1)).toBeNull();
  expect(await readClaimedRow(prisma, '0', 1_000_000)).toBeNull();
});
