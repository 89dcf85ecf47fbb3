import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createPrisma } from '@sync-hub/prisma/client';
import type { Prisma, PrismaClient } from '@sync-hub/prisma/generated/client';
import { actAs } from './acting.ts';

let database: TestDatabase;
let prisma: PrismaClient;
beforeAll(async () => {
  database = await createTestDatabase();
  // One connection: what a transaction leaves behind on it, the next one meets.
  prisma = createPrisma({ databaseUrl: database.url, maxConnections: 1 });
});
beforeEach(() => database.query('DELETE FROM sync.outbox'));
afterAll(async () => {
  await prisma.$disconnect();
  await database.close();
});

function makeWorkspace(tx: Prisma.TransactionClient): Promise<unknown> {
  return tx.workspace.create({ data: { name: 'A workspace' } });
}

function captured(): Promise<unknown[]> {
  return database.query('SELECT actor, actor_session, mutation_id, traceparent FROM sync.outbox ORDER BY id');
}

const nobody = { actor: null, actor_session: null, mutation_id: null, traceparent: null };

test('a change is captured with its author, mutation and trace; the next transaction of the connection without', async () => {
  const [userId, sessionId, mutationId] = [randomUUID(), randomUUID(), randomUUID()];
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await prisma.$transaction(async (tx) => {
    await actAs(tx, { userId, sessionId, mutationId, traceparent });
    await makeWorkspace(tx);
  });
  await makeWorkspace(prisma);
  expect(await captured()).toEqual([
    { actor: userId, actor_session: sessionId, mutation_id: mutationId, traceparent },
    nobody,
  ]);
});

test('an author without a mutation id or a trace leaves both null', async () => {
  const [userId, sessionId] = [randomUUID(), randomUUID()];
  await prisma.$transaction(async (tx) => {
    await actAs(tx, { userId, sessionId });
    await makeWorkspace(tx);
  });
  expect(await captured()).toEqual([{ ...nobody, actor: userId, actor_session: sessionId }]);
});

test('the author of a transaction that is rolled back is forgotten with it', async () => {
  const failing = prisma.$transaction(async (tx) => {
    await actAs(tx, { userId: randomUUID(), sessionId: randomUUID() });
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  await makeWorkspace(prisma);
  expect(await captured()).toEqual([nobody]);
});
