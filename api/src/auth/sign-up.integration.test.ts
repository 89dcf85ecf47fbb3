import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createPrisma } from '@sync-hub/prisma/client';
import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import { readSettings } from '@sync-hub/runtime/settings';
import { ConflictError, RateLimitedError, ValidationError } from '../errors.ts';
import { queryThrough } from '../model/transaction.ts';
import { createAuth } from './auth.ts';
import { type AuthSettings, authSettings } from './auth-settings.ts';
import { userColor } from './user-color.ts';

const client = { address: '192.0.2.1', userAgent: 'a test' };
const password = 'violet teapot orbit';
const defaults = readSettings(authSettings, { JWT_SECRET: 'a secret of thirty-two bytes, yes' });

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

function auth(settings: Partial<AuthSettings> = {}) {
  return createAuth({
    prisma,
    query: queryThrough(prisma),
    settings: { ...defaults, ...settings },
  });
}

describe('whoever signs up', () => {
  test('is signed in, as a MEMBER, with a colour', async () => {
    const { sessions, authenticate } = auth();
    const grant = await sessions.signUp({ email: ' Ada@Example.com ', name: ' Ada ', password }, client);

    expect(grant.user).toMatchObject({ email: 'ada@example.com', name: 'Ada', role: 'MEMBER' });
    expect(grant.user.role).toBe('MEMBER');
    expect(grant.user.color).toBe(userColor(grant.user.id));
    expect(grant.session).toMatchObject({ userId: grant.user.id, userAgent: 'a test', revokedAt: null });
    expect(await authenticate(`Bearer ${grant.accessToken}`)).toEqual({
      ok: true,
      viewer: {
        userId: grant.user.id,
        sessionId: grant.session.id,
        tokenExpiresAt: grant.accessTokenExpiresAt,
      },
    });
    expect((await sessions.refresh(grant.refreshToken, client)).session.id).toBe(grant.session.id);
  });

  test('is a MEMBER also when asking to be an ADMIN', async () => {
    const input = { email: 'mallory@example.com', name: 'Mallory', password, role: 'ADMIN' };
    expect((await auth().sessions.signUp(input, client)).user.role).toBe('MEMBER');
  });

  test('is the author of what that wrote', async () => {
    const { user, session } = await auth().sessions.signUp(
      { email: 'author@example.com', name: 'A', password },
      client,
    );
    const changes = await database.query(
      'SELECT "table", actor, actor_session FROM sync.outbox WHERE key IN ($1, $2) ORDER BY id',
      [user.id, session.id],
    );
    expect(changes).toEqual([
      { table: 'users', actor: user.id, actor_session: session.id },
      { table: 'sessions', actor: user.id, actor_session: session.id },
    ]);
  });

  test('leaves no password and no refresh token behind, not even their hashes in the log', async () => {
    const { user, session, refreshToken } = await auth().sessions.signUp(
      { email: 'secret@example.com', name: 'S', password },
      client,
    );
    const [secret] = await database.query<{ password_hash: string }>(
      'SELECT password_hash FROM user_secrets WHERE user_id = $1',
      [user.id],
    );
    expect(secret?.password_hash).toMatch(/^\$argon2id\$/);
    const log = JSON.stringify(await database.query('SELECT * FROM sync.outbox'));
    expect(log).toContain(session.id);
    expect(log).not.toContain('argon2');
    const everything =
      log + JSON.stringify(await database.query("SELECT *, encode(hash, 'escape') FROM refresh_tokens"));
    expect(everything).not.toContain(refreshToken);
    expect(everything).not.toContain(password);
  });

  test('hears of everything that is wrong at once, and nothing is written', async () => {
    const before = await prisma.user.count();
    const signingUp = auth().sessions.signUp({ email: 'nobody', name: ' ', password: 'short' }, client);
    await expect(signingUp).rejects.toBeInstanceOf(ValidationError);
    await expect(signingUp).rejects.toMatchObject({
      fields: [{ path: 'email' }, { path: 'name' }, { path: 'password' }],
    });
    expect(await prisma.user.count()).toBe(before);
  });

  test('with an e-mail that is taken, in whatever case, is refused', async () => {
    const { sessions } = auth();
    await sessions.signUp({ email: 'taken@example.com', name: 'First', password }, client);
    const again = sessions.signUp({ email: 'TAKEN@example.com', name: 'Second', password }, client);
    await expect(again).rejects.toBeInstanceOf(ConflictError);
  });

  test('too often from one client is told when to come back', async () => {
    const { sessions } = auth({ SIGN_UPS_PER_CLIENT_PER_HOUR: 1 });
    await sessions.signUp({ email: 'often@example.com', name: 'O', password }, client);
    const again = sessions.signUp({ email: 'often2@example.com', name: 'O', password }, client);
    await expect(again).rejects.toBeInstanceOf(RateLimitedError);
    await expect(again).rejects.toMatchObject({ retryAfterSeconds: 3_600 });
  });
});
