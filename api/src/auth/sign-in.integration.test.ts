import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createPrisma } from '@sync-hub/prisma/client';
import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import { readSettings } from '@sync-hub/runtime/settings';
import { BadCredentialsError, RateLimitedError } from '../errors.ts';
import { queryThrough } from '../model/transaction.ts';
import { type Auth, createAuth } from './auth.ts';
import { type AuthSettings, authSettings } from './auth-settings.ts';

const client = { address: '192.0.2.1', userAgent: 'a test' };
const password = 'violet teapot orbit';
const email = 'ada@example.com';
const defaults = readSettings(authSettings, { JWT_SECRET: 'a secret of thirty-two bytes, yes' });

let database: TestDatabase;
let prisma: PrismaClient;
beforeAll(async () => {
  database = await createTestDatabase();
  prisma = createPrisma({ databaseUrl: database.url });
  await auth().sessions.signUp({ email, name: 'Ada', password }, client);
  await auth().sessions.signUp({ email: 'grace@example.com', name: 'Grace', password }, client);
});
afterAll(async () => {
  await prisma.$disconnect();
  await database.close();
});

/** Each with attempts of its own. */
function auth(settings: Partial<AuthSettings> = {}): Auth {
  return createAuth({
    prisma,
    query: queryThrough(prisma),
    settings: { ...defaults, ...settings },
  });
}

describe('whoever signs in', () => {
  test('gets a session of its own each time, for 30 days', async () => {
    const { sessions } = auth();
    const one = await sessions.signIn({ email: ' ADA@example.com', password }, client);
    const other = await sessions.signIn({ email, password }, { address: '192.0.2.2', userAgent: 'x'.repeat(5_000) });

    expect(one.user.id).toBe(other.user.id);
    expect(one.session.id).not.toBe(other.session.id);
    expect(one.refreshToken).not.toBe(other.refreshToken);
    expect(other.session.userAgent).toHaveLength(256);
    expect((one.session.expiresAt.getTime() - Date.now()) / 86_400_000).toBeCloseTo(30, 2);
  });

  test('is the author of that session', async () => {
    const { user, session } = await auth().sessions.signIn({ email, password }, client);
    expect(
      await database.query('SELECT op, actor, actor_session FROM sync.outbox WHERE key = $1', [session.id]),
    ).toEqual([{ op: 'I', actor: user.id, actor_session: session.id }]);
  });

  test.each([
    ['with a wrong password', { email, password: 'violet teapot orbit!' }],
    ['with no password', { email, password: '' }],
    ['with an e-mail nobody has', { email: 'nobody@example.com', password }],
    ['with what is no e-mail', { email: 'nobody', password }],
    ['with SQL', { email: "' OR true --@example.com", password: "' OR true --" }],
    ['with U+0000', { email: 'ada@example.com\u0000', password: '\u0000'.repeat(20) }],
  ])('%s gets one and the same answer, and no session', async (_how, input) => {
    const before = await prisma.session.count();
    const signingIn = auth().sessions.signIn(input, client);
    await expect(signingIn).rejects.toBeInstanceOf(BadCredentialsError);
    await expect(signingIn).rejects.toThrow('The e-mail or the password is wrong.');
    expect(await prisma.session.count()).toBe(before);
  });

  test('as a user without a password is refused', async () => {
    await prisma.user.create({ data: { email: 'bare@example.com', name: 'Bare', color: '#000000' } });
    const signingIn = auth().sessions.signIn({ email: 'bare@example.com', password: '' }, client);
    await expect(signingIn).rejects.toBeInstanceOf(BadCredentialsError);
  });
});

describe('whoever guesses passwords', () => {
  const wrong = { email, password: 'another password' };

  test('is stopped after 10 failures an hour, also with the right one, but for this e-mail only', async () => {
    const { sessions } = auth();
    for (let guess = 0; guess < 10; guess += 1) {
      await expect(sessions.signIn(wrong, client)).rejects.toBeInstanceOf(BadCredentialsError);
    }
    const next = sessions.signIn({ email, password }, client);
    await expect(next).rejects.toBeInstanceOf(RateLimitedError);
    // The tenth part of an hour, less what this test has taken.
    const { retryAfterSeconds } = (await next.catch((error: unknown) => error)) as RateLimitedError;
    expect(retryAfterSeconds).toBeGreaterThan(300);
    expect(retryAfterSeconds).toBeLessThanOrEqual(360);
    await expect(sessions.signIn({ email: 'grace@example.com', password }, client)).resolves.toBeDefined();
  });

  test('is stopped as soon with all guesses made at once', async () => {
    const { sessions } = auth({ SIGN_IN_FAILURES_PER_EMAIL_AND_CLIENT_PER_HOUR: 3 });
    const guesses = Array.from({ length: 12 }, () => sessions.signIn(wrong, client));
    const reasons = (await Promise.allSettled(guesses)).map((guess) => guess.status === 'rejected' && guess.reason);
    expect(reasons.filter((reason) => reason instanceof BadCredentialsError)).toHaveLength(3);
    expect(reasons.filter((reason) => reason instanceof RateLimitedError)).toHaveLength(9);
  });

  test('of an e-mail nobody has is stopped as soon', async () => {
    const { sessions } = auth({ SIGN_IN_FAILURES_PER_EMAIL_AND_CLIENT_PER_HOUR: 1 });
    const nobody = { email: 'nobody@example.com', password };
    await expect(sessions.signIn(nobody, client)).rejects.toBeInstanceOf(BadCredentialsError);
    await expect(sessions.signIn(nobody, client)).rejects.toBeInstanceOf(RateLimitedError);
  });

  test('and signs in rightly, however often, is not stopped', async () => {
    const { sessions } = auth({ SIGN_IN_FAILURES_PER_EMAIL_AND_CLIENT_PER_HOUR: 1 });
    for (let time = 0; time < 3; time += 1) await sessions.signIn({ email, password }, client);
  });
});
