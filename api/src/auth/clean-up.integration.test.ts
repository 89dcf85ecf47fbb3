import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createPrisma } from '@sync-hub/prisma/client';
import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import { cleanUpSessions } from './clean-up.ts';

let database: TestDatabase;
let prisma: PrismaClient;
let userId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  prisma = createPrisma({ databaseUrl: database.url });
  userId = (await prisma.user.create({ data: { email: 'ada@example.com', name: 'Ada', color: '#123456' } })).id;
});
afterAll(async () => {
  await prisma.$disconnect();
  await database.close();
});

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * 86_400_000);
}

test('sessions that ended within 30 days stay, as does every live one; older ones go', async () => {
  const kept = [
    { userId, userAgent: 'live', expiresAt: daysFromNow(1) },
    { userId, userAgent: 'just revoked', expiresAt: daysFromNow(1), revokedAt: daysFromNow(-29) },
    { userId, userAgent: 'just expired', expiresAt: daysFromNow(-29) },
  ];
  const old = [
    { userId, userAgent: 'revoked long ago', expiresAt: daysFromNow(1), revokedAt: daysFromNow(-31) },
    { userId, userAgent: 'expired long ago', expiresAt: daysFromNow(-31) },
  ];
  await prisma.session.createMany({ data: [...kept, ...old] });

  expect(await cleanUpSessions(prisma, 30)).toMatchObject({ sessions: 2 });
  const left = await prisma.session.findMany();
  expect(left.map(({ userAgent }) => userAgent).toSorted()).toEqual(['just expired', 'just revoked', 'live']);
});

test('any number of them go, a hundred to a transaction, also when several processes clean up at once', async () => {
  const old = Array.from({ length: 250 }, () => ({ userId, expiresAt: daysFromNow(-31) }));
  await prisma.session.createMany({ data: old });
  const cleanUps = await Promise.all([1, 2, 3].map(() => cleanUpSessions(prisma, 30)));

  expect(cleanUps.reduce((sum, { sessions }) => sum + sessions, 0)).toBe(250);
  const [largest] = await database.query<{ rows: number }>(
    `SELECT count(*)::int AS rows FROM sync.outbox WHERE "table" = 'sessions' AND op = 'D' GROUP BY xid ORDER BY 1 DESC LIMIT 1`,
  );
  expect(largest?.rows).toBeLessThanOrEqual(100);
});

test('refresh tokens used within 30 days stay, so that their reuse is noticed; unused ones stay always', async () => {
  const { id: sessionId } = await prisma.session.create({ data: { userId, expiresAt: daysFromNow(30) } });
  const token = (name: number, usedAt: Date | null) => ({ hash: new Uint8Array([name]), sessionId, usedAt });
  await prisma.refreshToken.createMany({
    data: [token(1, null), token(2, daysFromNow(-29)), token(3, daysFromNow(-31)), token(4, daysFromNow(-400))],
  });

  expect(await cleanUpSessions(prisma, 30)).toMatchObject({ refreshTokens: 2 });
  const left = await prisma.refreshToken.findMany({ where: { sessionId }, orderBy: { hash: 'asc' } });
  expect(left.map(({ hash }) => hash[0])).toEqual([1, 2]);
});
