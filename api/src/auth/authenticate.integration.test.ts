import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createPrisma } from '@sync-hub/prisma/client';
import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import { readSettings } from '@sync-hub/runtime/settings';
import { queryThrough } from '../model/transaction.ts';
import { createAccessTokens } from './access-token.ts';
import { type Auth, createAuth } from './auth.ts';
import { authSettings } from './auth-settings.ts';
import type { Grant } from './grant.ts';
import { readLiveSessions } from './live-sessions.ts';

const secret = 'a secret of thirty-two bytes, yes';
const client = { address: '192.0.2.1', userAgent: null };
const settings = readSettings(authSettings, { JWT_SECRET: secret });

let database: TestDatabase;
let prisma: PrismaClient;
let auth: Auth;
let ada: Grant;
let grace: Grant;
beforeAll(async () => {
  database = await createTestDatabase();
  prisma = createPrisma({ databaseUrl: database.url });
});
beforeEach(async () => {
  auth = createAuth({ prisma, query: queryThrough(prisma), settings });
  [ada, grace] = await Promise.all([signUp('Ada'), signUp('Grace')]);
});
afterAll(async () => {
  await prisma.$disconnect();
  await database.close();
});

function signUp(name: string): Promise<Grant> {
  return auth.sessions.signUp({ email: `${randomUUID()}@example.com`, name, password: 'violet teapot orbit' }, client);
}

describe('an access token', () => {
  test.each(['Bearer', 'bearer', 'BEARER', 'Bearer  '])('is read after "%s"', async (scheme) => {
    expect(await auth.authenticate(`${scheme} ${ada.accessToken}`)).toEqual({
      ok: true,
      viewer: {
        userId: ada.user.id,
        sessionId: ada.session.id,
        tokenExpiresAt: ada.accessTokenExpiresAt,
      },
    });
  });

  test('that has expired is told apart', async () => {
    const yesterday = Date.now() - 86_400_000;
    const old = createAccessTokens({ secret, ttlSeconds: 600, now: () => yesterday });
    const { accessToken } = old.issue({ userId: ada.user.id, sessionId: ada.session.id });
    expect(await auth.authenticate(`Bearer ${accessToken}`)).toEqual({ ok: false, code: 'TOKEN_EXPIRED' });
  });

  test.each([
    ['is revoked', 'UPDATE sessions SET revoked_at = now() WHERE id = $1'],
    ['has expired', "UPDATE sessions SET expires_at = now() - interval '1 s' WHERE id = $1"],
    ['is deleted', 'DELETE FROM sessions WHERE id = $1'],
    ['went with its user', 'DELETE FROM users WHERE id = (SELECT user_id FROM sessions WHERE id = $1)'],
  ])('is not enough once its session %s', async (_what, sql) => {
    await database.query(sql, [ada.session.id]);
    expect(await auth.authenticate(`Bearer ${ada.accessToken}`)).toEqual({ ok: false, code: 'SESSION_REVOKED' });
  });

  test("is not enough with somebody else's session", async () => {
    const tokens = createAccessTokens({ secret, ttlSeconds: 600 });
    const { accessToken } = tokens.issue({ userId: ada.user.id, sessionId: grace.session.id });
    expect(await auth.authenticate(`Bearer ${accessToken}`)).toEqual({ ok: false, code: 'SESSION_REVOKED' });
  });

  test('says who sends it before anybody has asked about its session', async () => {
    await database.query('DELETE FROM sessions WHERE id = $1', [ada.session.id]);
    const reading = auth.readBearer(`Bearer ${ada.accessToken}`);
    expect(reading).toMatchObject({ ok: true, viewer: { userId: ada.user.id, sessionId: ada.session.id } });
    expect(auth.readBearer('Bearer a.b.c')).toEqual({ ok: false, code: 'UNAUTHENTICATED' });
  });
});

describe('nobody is let in', () => {
  test.each([
    ['without a header', undefined],
    ['with null', null],
    ['with a number', 42],
    ['with an object', { authorization: 'Bearer x' }],
    ['with an empty text', ''],
    ['with the scheme alone', 'Bearer '],
    ['with another scheme', 'Basic YWRhOnNlY3JldA=='],
    ['with garbage', 'Bearer a.b.c'],
    ['with a megabyte', `Bearer ${'x'.repeat(1_000_000)}`],
  ])('%s', async (_with, authorization) => {
    expect(await auth.authenticate(authorization)).toEqual({ ok: false, code: 'UNAUTHENTICATED' });
  });

  test('with a token but no scheme, or with two tokens', async () => {
    const unauthenticated = { ok: false, code: 'UNAUTHENTICATED' };
    expect(await auth.authenticate(ada.accessToken)).toEqual(unauthenticated);
    expect(await auth.authenticate(`Bearer ${ada.accessToken} ${grace.accessToken}`)).toEqual(unauthenticated);
  });
});

describe('of any number of sessions', () => {
  test('those that are alive are told in one query, with the user of each', async () => {
    const ended = await signUp('Ended');
    await database.query('UPDATE sessions SET revoked_at = now() WHERE id = $1', [ended.session.id]);

    const asked = [ada, grace, ended].map(({ session }) => session.id);
    const live = await readLiveSessions(queryThrough(prisma), [...asked, randomUUID()]);
    expect(live).toEqual(
      new Map([
        [ada.session.id, ada.user.id],
        [grace.session.id, grace.user.id],
      ]),
    );
    expect(await readLiveSessions(queryThrough(prisma), [])).toEqual(new Map());
  });
});
