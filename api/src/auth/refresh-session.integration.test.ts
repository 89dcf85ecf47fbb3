import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createPrisma } from '@sync-hub/prisma/client';
import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import { readSettings } from '@sync-hub/runtime/settings';
import { BadCredentialsError, RateLimitedError } from '../errors.ts';
import { queryThrough } from '../model/transaction.ts';
import { type Auth, createAuth } from './auth.ts';
import { type AuthSettings, authSettings } from './auth-settings.ts';
import type { Grant } from './grant.ts';
import { hashRefreshToken } from './refresh-token.ts';

const client = { address: '192.0.2.1', userAgent: 'a test' };
const credentials = { email: 'ada@example.com', password: 'violet teapot orbit' };
const defaults = readSettings(authSettings, { JWT_SECRET: 'a secret of thirty-two bytes, yes' });

let database: TestDatabase;
let prisma: PrismaClient;
let auth: Auth;
let grant: Grant;
beforeAll(async () => {
  database = await createTestDatabase();
  prisma = createPrisma({ databaseUrl: database.url, maxConnections: 20 });
  await createAuthWith({}).sessions.signUp({ ...credentials, name: 'Ada' }, client);
});
beforeEach(async () => {
  auth = createAuthWith({});
  grant = await auth.sessions.signIn(credentials, client);
});
afterAll(async () => {
  await prisma.$disconnect();
  await database.close();
});

function createAuthWith(settings: Partial<AuthSettings>): Auth {
  return createAuth({ prisma, query: queryThrough(prisma), settings: { ...defaults, ...settings } });
}

async function refresh(refreshToken: string): Promise<Grant> {
  return auth.sessions.refresh(refreshToken, client);
}

/** As if the token had been exchanged so long ago. */
async function exchangedAgo(refreshToken: string, seconds: number): Promise<void> {
  const rows = await database.query(
    "UPDATE refresh_tokens SET used_at = now() - $2 * interval '1 s' WHERE hash = $1 AND used_at IS NOT NULL RETURNING 1",
    [hashRefreshToken(refreshToken), seconds],
  );
  expect(rows).toHaveLength(1);
}

async function isRevoked(): Promise<boolean> {
  return (await prisma.session.findUniqueOrThrow({ where: { id: grant.session.id } })).revokedAt !== null;
}

describe('a refresh token', () => {
  test('is exchanged for a new access token and the next refresh token, again and again', async () => {
    let refreshToken = grant.refreshToken;
    for (let exchange = 0; exchange < 3; exchange += 1) {
      const next = await refresh(refreshToken);
      expect(next.refreshToken).not.toBe(refreshToken);
      expect(next.session.id).toBe(grant.session.id);
      expect(await auth.authenticate(`Bearer ${next.accessToken}`)).toMatchObject({ ok: true });
      refreshToken = next.refreshToken;
    }
  });

  test('gives the same next token within 30 s, for an answer that was lost', async () => {
    const first = await refresh(grant.refreshToken);
    await exchangedAgo(grant.refreshToken, 28);
    const again = await refresh(grant.refreshToken);
    expect(again.refreshToken).toBe(first.refreshToken);
    expect(await auth.authenticate(`Bearer ${again.accessToken}`)).toMatchObject({ ok: true });
    expect(await refresh(first.refreshToken)).toBeDefined();
  });

  test('used again after 30 s ends its session, with every token of it', async () => {
    const next = await refresh(grant.refreshToken);
    await exchangedAgo(grant.refreshToken, 31);

    await expect(refresh(grant.refreshToken)).rejects.toBeInstanceOf(BadCredentialsError);
    expect(await isRevoked()).toBe(true);
    await expect(refresh(next.refreshToken)).rejects.toBeInstanceOf(BadCredentialsError);
    expect(await auth.authenticate(`Bearer ${next.accessToken}`)).toEqual({ ok: false, code: 'SESSION_REVOKED' });
  });

  test('of any generation ends its session when it is used again', async () => {
    const next = await refresh((await refresh((await refresh(grant.refreshToken)).refreshToken)).refreshToken);
    await exchangedAgo(grant.refreshToken, 3_600);
    await expect(refresh(grant.refreshToken)).rejects.toBeInstanceOf(BadCredentialsError);
    await expect(refresh(next.refreshToken)).rejects.toBeInstanceOf(BadCredentialsError);
  });

  test('that a thief exchanged within the grace is found out when the next one is used twice', async () => {
    const thief = await refresh(grant.refreshToken);
    const owner = await refresh(grant.refreshToken);
    await refresh(thief.refreshToken);
    await exchangedAgo(thief.refreshToken, 600);
    await expect(refresh(owner.refreshToken)).rejects.toBeInstanceOf(BadCredentialsError);
    expect(await isRevoked()).toBe(true);
  });

  test('used again ends no other session of the user', async () => {
    const other = await auth.sessions.signIn(credentials, client);
    await refresh(grant.refreshToken);
    await exchangedAgo(grant.refreshToken, 31);
    await expect(refresh(grant.refreshToken)).rejects.toBeInstanceOf(BadCredentialsError);
    await expect(refresh(other.refreshToken)).resolves.toBeDefined();
  });

  test.each([
    ['of a revoked session', 'UPDATE sessions SET revoked_at = now() WHERE id = $1'],
    ['of an expired session', "UPDATE sessions SET expires_at = now() - interval '1 s' WHERE id = $1"],
    ['of a deleted session', 'DELETE FROM sessions WHERE id = $1'],
  ])('%s is refused', async (_which, sql) => {
    await database.query(sql, [grant.session.id]);
    await expect(refresh(grant.refreshToken)).rejects.toBeInstanceOf(BadCredentialsError);
  });

  test.each(['', 'x', 'x'.repeat(43), "' OR true --", 'x'.repeat(1_000_000)])(
    'that is none is refused %#',
    async (token) => {
      await expect(refresh(token)).rejects.toBeInstanceOf(BadCredentialsError);
    },
  );

  test('that was not exchanged yet outlives a change of JWT_SECRET; a repeat across it is refused and harms nothing', async () => {
    auth = createAuthWith({ JWT_SECRET: 'another secret of thirty-two bytes' });
    const next = await refresh(grant.refreshToken);
    auth = createAuthWith({ JWT_SECRET: 'a third secret of thirty-two bytes' });
    await expect(refresh(grant.refreshToken)).rejects.toBeInstanceOf(BadCredentialsError);
    await expect(refresh(next.refreshToken)).resolves.toBeDefined();
  });
});

describe('a session', () => {
  test('that is refreshed lasts 30 days more, which is written at most once a day', async () => {
    const daysLeft = async (days: number): Promise<number> => {
      await database.query("UPDATE sessions SET expires_at = now() + $2 * interval '1 day' WHERE id = $1", [
        grant.session.id,
        days,
      ]);
      grant = await refresh(grant.refreshToken);
      return (grant.session.expiresAt.getTime() - Date.now()) / 86_400_000;
    };
    expect(await daysLeft(2)).toBeCloseTo(30, 2);
    expect(await daysLeft(28.9)).toBeCloseTo(30, 2);
    expect(await daysLeft(29.1)).toBeCloseTo(29.1, 2);
  });

  test('that is ended for a token used again names its user as the author', async () => {
    await refresh(grant.refreshToken);
    await exchangedAgo(grant.refreshToken, 31);
    await expect(refresh(grant.refreshToken)).rejects.toBeInstanceOf(BadCredentialsError);
    expect(
      await database.query("SELECT actor, actor_session FROM sync.outbox WHERE key = $1 AND op = 'U'", [
        grant.session.id,
      ]),
    ).toEqual([{ actor: grant.user.id, actor_session: grant.session.id }]);
  });
});

describe('a client', () => {
  test('that loops on a dead token is told to wait, and its good tokens go on', async () => {
    auth = createAuthWith({ REFRESH_FAILURES_PER_CLIENT_PER_HOUR: 2 });
    for (let time = 0; time < 2; time += 1) await expect(refresh('dead')).rejects.toBeInstanceOf(BadCredentialsError);
    await expect(refresh('dead')).rejects.toBeInstanceOf(RateLimitedError);
    await expect(refresh(grant.refreshToken)).resolves.toBeDefined();
  });
});
