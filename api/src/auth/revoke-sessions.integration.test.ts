import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createPrisma } from '@sync-hub/prisma/client';
import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import { readSettings } from '@sync-hub/runtime/settings';
import { NotFoundError } from '../errors.ts';
import { queryThrough } from '../model/transaction.ts';
import { type Auth, createAuth } from './auth.ts';
import { authSettings } from './auth-settings.ts';
import type { Viewer } from './authenticate.ts';
import type { Grant } from './grant.ts';

const client = { address: '192.0.2.1', userAgent: 'a test' };
const password = 'violet teapot orbit';
const settings = readSettings(authSettings, { JWT_SECRET: 'a secret of thirty-two bytes, yes' });

let database: TestDatabase;
let prisma: PrismaClient;
let auth: Auth;
/** Two users of their own for each test. */
let ada: Grant;
let grace: Grant;
/** Another session of Ada's. */
let other: Grant;
beforeAll(async () => {
  database = await createTestDatabase();
  prisma = createPrisma({ databaseUrl: database.url });
});
beforeEach(async () => {
  auth = createAuth({ prisma, query: queryThrough(prisma), settings });
  ada = await auth.sessions.signUp({ email: `ada-${randomUUID()}@example.com`, name: 'Ada', password }, client);
  grace = await auth.sessions.signUp({ email: `grace-${randomUUID()}@example.com`, name: 'Grace', password }, client);
});
afterAll(async () => {
  await prisma.$disconnect();
  await database.close();
});

function signIn({ user: { email } }: Grant): Promise<Grant> {
  return auth.sessions.signIn({ email, password }, client);
}

async function viewerOf({ accessToken }: Grant): Promise<Viewer> {
  const authentication = await auth.authenticate(`Bearer ${accessToken}`);
  if (!authentication.ok) throw new Error(authentication.code);
  return authentication.viewer;
}

async function isLive({ accessToken }: Grant): Promise<boolean> {
  return (await auth.authenticate(`Bearer ${accessToken}`)).ok;
}

async function changesOf({ session }: Grant): Promise<unknown[]> {
  return database.query("SELECT actor, actor_session FROM sync.outbox WHERE key = $1 AND op = 'U'", [session.id]);
}

describe('signing out', () => {
  test('ends this session and no other, and names the author', async () => {
    const other = await signIn(ada);
    await auth.sessions.signOut(await viewerOf(ada));
    expect(await isLive(ada)).toBe(false);
    expect(await isLive(other)).toBe(true);
    expect(await changesOf(ada)).toEqual([{ actor: ada.user.id, actor_session: ada.session.id }]);
  });

  test('twice is the same as once', async () => {
    const viewer = await viewerOf(ada);
    await auth.sessions.signOut(viewer);
    await auth.sessions.signOut(viewer);
    expect(await changesOf(ada)).toHaveLength(1);
  });
});

describe('revoking a session', () => {
  test('ends one of my own', async () => {
    const other = await signIn(ada);
    await auth.sessions.revoke(await viewerOf(ada), other.session.id);
    expect(await isLive(other)).toBe(false);
    expect(await isLive(ada)).toBe(true);
    expect(await changesOf(other)).toEqual([{ actor: ada.user.id, actor_session: ada.session.id }]);
  });

  test('again changes nothing', async () => {
    const other = await signIn(ada);
    const viewer = await viewerOf(ada);
    await auth.sessions.revoke(viewer, other.session.id);
    await auth.sessions.revoke(viewer, other.session.id);
    expect(await changesOf(other)).toHaveLength(1);
  });

  test("of somebody else's is answered as one that is not there, and ends nothing", async () => {
    const viewer = await viewerOf(ada);
    const theirs = auth.sessions.revoke(viewer, grace.session.id);
    await expect(theirs).rejects.toBeInstanceOf(NotFoundError);
    await expect(theirs).rejects.toThrow('There is no such session.');
    await expect(auth.sessions.revoke(viewer, randomUUID())).rejects.toThrow('There is no such session.');
    expect(await isLive(grace)).toBe(true);
  });

  test("of anybody's is possible for an ADMIN", async () => {
    await prisma.user.update({ where: { id: ada.user.id }, data: { role: 'ADMIN' } });
    const admin = await viewerOf(ada);
    await auth.sessions.revoke(admin, grace.session.id);
    expect(await isLive(grace)).toBe(false);
    await expect(auth.sessions.revoke(admin, randomUUID())).rejects.toBeInstanceOf(NotFoundError);
  });

  test("of anybody's is not possible any more for one who was an ADMIN when he signed in", async () => {
    await prisma.user.update({ where: { id: ada.user.id }, data: { role: 'ADMIN' } });
    const admin = await viewerOf(ada);
    await prisma.user.update({ where: { id: ada.user.id }, data: { role: 'MEMBER' } });
    await expect(auth.sessions.revoke(admin, grace.session.id)).rejects.toBeInstanceOf(NotFoundError);
    expect(await isLive(grace)).toBe(true);
  });
});

describe('revoking my other sessions', () => {
  test('ends all of mine but this one, says which, and leaves those of others', async () => {
    const others = [await signIn(ada), await signIn(ada)];
    const revoked = await auth.sessions.revokeOthers(await viewerOf(ada));
    expect(revoked.toSorted()).toEqual(others.map(({ session }) => session.id).toSorted());
    expect(await Promise.all([ada, grace, ...others].map(isLive))).toEqual([true, true, false, false]);
    expect(await auth.sessions.revokeOthers(await viewerOf(ada))).toEqual([]);
  });
});

test.each<[string, (viewer: Viewer) => Promise<unknown>]>([
  ['revokes none of the others', (viewer) => auth.sessions.revokeOthers(viewer)],
  ['revokes no single one', (viewer) => auth.sessions.revoke(viewer, other.session.id)],
  [
    'changes no password',
    (viewer) =>
      auth.sessions.changePassword(viewer, { currentPassword: password, newPassword: `${password}!` }, client),
  ],
])('a session that has ended since its request came %s', async (_, act) => {
  other = await signIn(ada);
  const viewer = await viewerOf(ada);
  await auth.sessions.signOut(viewer);
  await expect(act(viewer)).rejects.toMatchObject({ extensions: { code: 'SESSION_REVOKED' } });
  expect(await isLive(other)).toBe(true);
  await expect(signIn(ada)).resolves.toBeDefined();
});

describe('my sessions', () => {
  test('are mine alone, the live ones first, each newest first', async () => {
    const ended = await signIn(ada);
    const newer = await signIn(ada);
    const expired = await signIn(ada);
    await auth.sessions.signOut(await viewerOf(ended));
    await database.query("UPDATE sessions SET expires_at = now() - interval '1 s' WHERE id = $1", [expired.session.id]);

    const listed = await auth.sessions.list(await viewerOf(ada));
    expect(listed.map(({ id }) => id)).toEqual([newer, ada, expired, ended].map(({ session }) => session.id));
  });
});
