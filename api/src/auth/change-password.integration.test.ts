import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createPrisma } from '@sync-hub/prisma/client';
import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import { readSettings } from '@sync-hub/runtime/settings';
import { BadCredentialsError, RateLimitedError, ValidationError } from '../errors.ts';
import { queryThrough } from '../model/transaction.ts';
import { actAs } from './acting.ts';
import { type Auth, createAuth } from './auth.ts';
import { authSettings } from './auth-settings.ts';
import type { Viewer } from './authenticate.ts';
import type { Grant } from './grant.ts';
import { hashPassword } from './passwords.ts';
import { setPassword } from './set-password.ts';

const client = { address: '192.0.2.1', userAgent: 'a test' };
const oldPassword = 'violet teapot orbit';
const newPassword = 'amber kettle comet';
const settings = readSettings(authSettings, { JWT_SECRET: 'a secret of thirty-two bytes, yes' });

let database: TestDatabase;
let prisma: PrismaClient;
let auth: Auth;
/** A user of its own for each test. */
let email: string;
let grant: Grant;
beforeAll(async () => {
  database = await createTestDatabase();
  prisma = createPrisma({ databaseUrl: database.url });
});
beforeEach(async () => {
  auth = createAuth({ prisma, query: queryThrough(prisma), settings });
  email = `${crypto.randomUUID()}@example.com`;
  grant = await auth.sessions.signUp({ email, name: 'Ada', password: oldPassword }, client);
});
afterAll(async () => {
  await prisma.$disconnect();
  await database.close();
});

async function viewerOf({ accessToken }: Grant): Promise<Viewer> {
  const authentication = await auth.authenticate(`Bearer ${accessToken}`);
  if (!authentication.ok) throw new Error(authentication.code);
  return authentication.viewer;
}

async function change(currentPassword: string, next: string, by: Grant = grant): Promise<Grant> {
  return auth.sessions.changePassword(await viewerOf(by), { currentPassword, newPassword: next }, client);
}

function signIn(password: string): Promise<Grant> {
  return auth.sessions.signIn({ email, password }, client);
}

describe('a change of password', () => {
  test('makes the new one good and the old one not', async () => {
    await change(oldPassword, newPassword);
    await expect(signIn(oldPassword)).rejects.toBeInstanceOf(BadCredentialsError);
    await expect(signIn(newPassword)).resolves.toBeDefined();
  });

  test('ends every other session with its refresh token, and names the author', async () => {
    const others = [await signIn(oldPassword), await signIn(oldPassword)];
    await change(oldPassword, newPassword);
    for (const other of others) {
      expect(await auth.authenticate(`Bearer ${other.accessToken}`)).toEqual({ ok: false, code: 'SESSION_REVOKED' });
      await expect(auth.sessions.refresh(other.refreshToken, client)).rejects.toBeInstanceOf(BadCredentialsError);
      expect(
        await database.query("SELECT actor_session FROM sync.outbox WHERE key = $1 AND op = 'U'", [other.session.id]),
      ).toEqual([{ actor_session: grant.session.id }]);
    }
  });

  test('lets this session go on with the new refresh token, and with none from before', async () => {
    const changed = await change(oldPassword, newPassword);
    expect(changed.session.id).toBe(grant.session.id);
    expect(await auth.authenticate(`Bearer ${grant.accessToken}`)).toMatchObject({ ok: true });
    await expect(auth.sessions.refresh(grant.refreshToken, client)).rejects.toBeInstanceOf(BadCredentialsError);
    await expect(auth.sessions.refresh(changed.refreshToken, client)).resolves.toBeDefined();
  });

  test('harms no other user', async () => {
    const other = await auth.sessions.signUp({ email: `x${email}`, name: 'Grace', password: oldPassword }, client);
    await change(oldPassword, newPassword);
    await expect(auth.sessions.refresh(other.refreshToken, client)).resolves.toBeDefined();
    expect(await auth.authenticate(`Bearer ${other.accessToken}`)).toMatchObject({ ok: true });
  });

  test('needs the current password, and wrong ones count as failed sign-ins', async () => {
    for (let guess = 0; guess < 10; guess += 1) {
      await expect(change('another password', newPassword)).rejects.toBeInstanceOf(BadCredentialsError);
    }
    await expect(change(oldPassword, newPassword)).rejects.toBeInstanceOf(RateLimitedError);
    await expect(signIn(oldPassword)).rejects.toBeInstanceOf(RateLimitedError);
  });

  test('needs a new password that can be taken', async () => {
    const changing = change(oldPassword, email);
    await expect(changing).rejects.toBeInstanceOf(ValidationError);
    await expect(changing).rejects.toMatchObject({ fields: [{ path: 'newPassword' }] });
    await expect(signIn(oldPassword)).resolves.toBeDefined();
  });
});

describe('a password set by an administrator', () => {
  test('is good at once and ends every session of the user', async () => {
    const passwordHash = await hashPassword(newPassword);
    await prisma.$transaction(async (tx) => {
      await actAs(tx, { userId: crypto.randomUUID(), sessionId: crypto.randomUUID() });
      await setPassword(tx, { userId: grant.user.id, passwordHash });
    });
    expect(await auth.authenticate(`Bearer ${grant.accessToken}`)).toEqual({ ok: false, code: 'SESSION_REVOKED' });
    await expect(signIn(newPassword)).resolves.toBeDefined();
  });

  test('lets a user sign in who was made without signing up', async () => {
    const passwordHash = await hashPassword(newPassword);
    email = `made-${email}`;
    await prisma.$transaction(async (tx) => {
      const user = await tx.user.create({ data: { email, name: 'Made', color: '#123456', role: 'ADMIN' } });
      await setPassword(tx, { userId: user.id, passwordHash });
    });
    expect((await signIn(newPassword)).user.role).toBe('ADMIN');
  });
});
