import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { waitFor } from '@sync-hub/dev/wait-for';
import { createPrisma } from '@sync-hub/prisma/client';
import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import { readSettings } from '@sync-hub/runtime/settings';
import { BadCredentialsError, ConflictError } from '../errors.ts';
import { queryThrough } from '../model/transaction.ts';
import { type Auth, createAuth } from './auth.ts';
import { authSettings } from './auth-settings.ts';
import type { Viewer } from './authenticate.ts';
import type { Grant } from './grant.ts';

const client = { address: '192.0.2.1', userAgent: 'a test' };
const password = 'violet teapot orbit';
const newPassword = 'amber kettle comet';
const settings = readSettings(authSettings, { JWT_SECRET: 'a secret of thirty-two bytes, yes' });

let database: TestDatabase;
let prisma: PrismaClient;
let auth: Auth;
/** A user of its own for each test. */
let grant: Grant;
beforeAll(async () => {
  database = await createTestDatabase();
  prisma = createPrisma({ databaseUrl: database.url, maxConnections: 20 });
});
beforeEach(async () => {
  auth = createAuth({ prisma, query: queryThrough(prisma), settings });
  grant = await signUp(`${randomUUID()}@example.com`);
});
afterAll(async () => {
  await prisma.$disconnect();
  await database.close();
});

function signUp(email: string): Promise<Grant> {
  return auth.sessions.signUp({ email, name: 'Ada', password }, client);
}

function signIn(): Promise<Grant> {
  return auth.sessions.signIn({ email: grant.user.email, password }, client);
}

function refresh(): Promise<Grant> {
  return auth.sessions.refresh(grant.refreshToken, client);
}

async function viewerOf({ accessToken }: Grant): Promise<Viewer> {
  const authentication = await auth.authenticate(`Bearer ${accessToken}`);
  if (!authentication.ok) throw new Error(authentication.code);
  return authentication.viewer;
}

/** Starts `act` while a transaction that ran `sql` is open, and commits that once so many statements wait for a lock. */
async function meanwhile<T>(
  sql: string,
  id: string,
  { act, waiting = 1 }: { readonly act: () => Promise<T>; readonly waiting?: number },
): Promise<T> {
  const other = await database.pool.connect();
  await other.query('BEGIN');
  await other.query(sql, [id]);
  const acting = act();
  acting.catch(() => {}); // The caller is given it, after the commit.
  try {
    await statementsThatWaitAre(waiting);
  } finally {
    await other.query('COMMIT');
    other.release();
  }
  return acting;
}

const statementsThatWaitAre = (count: number) =>
  waitFor(async () => (await statementsThatWait()) >= count, { what: 'the locks', timeoutMs: 3_000 });

async function statementsThatWait(): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return row?.count ?? 0;
}

describe('at the same moment', () => {
  test('sign-ups with one e-mail make one user with one session', async () => {
    const email = `${randomUUID()}@example.com`;
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => signUp(email)));
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(reasons).toHaveLength(7);
    for (const reason of reasons) expect(reason).toBeInstanceOf(ConflictError);
    expect(await prisma.session.count({ where: { user: { email } } })).toBe(1);
  });

  test('a sign-up waits for one with the same e-mail, and takes it when that is rolled back', async () => {
    const email = `${randomUUID()}@example.com`;
    const other = await database.pool.connect();
    await other.query('BEGIN');
    await other.query("INSERT INTO users (email, name, color) VALUES ($1, 'First', '#000000')", [email]);
    const signingUp = signUp(email);
    try {
      await waitFor(async () => (await statementsThatWait()) === 1, { what: 'the lock', timeoutMs: 3_000 });
    } finally {
      await other.query('ROLLBACK');
      other.release();
    }
    expect((await signingUp).user.name).toBe('Ada');
  });

  test('exchanges of one refresh token give one next token', async () => {
    const grants = await meanwhile('SELECT FROM sessions WHERE id = $1 FOR UPDATE', grant.session.id, {
      act: () => Promise.all(Array.from({ length: 12 }, refresh)),
      waiting: 12,
    });
    expect(new Set(grants.map(({ refreshToken }) => refreshToken)).size).toBe(1);
    expect(await prisma.refreshToken.count({ where: { sessionId: grant.session.id } })).toBe(2);
  });

  test('a refresh of a session that is revoked is refused', async () => {
    const refreshing = meanwhile('UPDATE sessions SET revoked_at = now() WHERE id = $1', grant.session.id, {
      act: refresh,
    });
    await expect(refreshing).rejects.toBeInstanceOf(BadCredentialsError);
    expect(await prisma.refreshToken.count({ where: { sessionId: grant.session.id } })).toBe(1);
  });

  test('a refresh of a session that goes with its user is refused', async () => {
    const refreshing = meanwhile('DELETE FROM users WHERE id = $1', grant.user.id, { act: refresh });
    await expect(refreshing).rejects.toBeInstanceOf(BadCredentialsError);
  });

  test('a sign-in with a password that is changed gets no session', async () => {
    const signingIn = meanwhile(
      `WITH change AS (UPDATE user_secrets SET password_hash = 'another' WHERE user_id = $1)
       SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE`,
      grant.user.id,
      { act: signIn },
    );
    await expect(signingIn).rejects.toBeInstanceOf(BadCredentialsError);
    expect(await prisma.session.count({ where: { userId: grant.user.id } })).toBe(1);
  });

  test('a sign-in of a user who is deleted gets no session', async () => {
    const signingIn = meanwhile('DELETE FROM users WHERE id = $1', grant.user.id, { act: signIn });
    await expect(signingIn).rejects.toBeInstanceOf(BadCredentialsError);
  });

  test('sign-ins and a change of password leave no session that the old one opened', async () => {
    const viewer = await viewerOf(grant);
    const signingIn = Array.from({ length: 6 }, () => signIn().catch(() => null));
    await auth.sessions.changePassword(viewer, { currentPassword: password, newPassword }, client);
    await Promise.all(signingIn);
    const live = await prisma.session.findMany({ where: { userId: grant.user.id, revokedAt: null } });
    expect(live.map(({ id }) => id)).toEqual([grant.session.id]);
  });

  test('two changes of a password make one', async () => {
    const viewers = await Promise.all([grant, await signIn()].map(viewerOf));
    const outcomes = await meanwhile('SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE', grant.user.id, {
      act: () =>
        Promise.allSettled(
          viewers.map((viewer, nth) =>
            auth.sessions.changePassword(
              viewer,
              { currentPassword: password, newPassword: `${newPassword} ${nth}` },
              client,
            ),
          ),
        ),
      waiting: 2,
    });
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: expect.any(BadCredentialsError),
    });
    expect(await prisma.session.count({ where: { userId: grant.user.id, revokedAt: null } })).toBe(1);
  });

  test('a refresh under way when the password changes leaves no good token', async () => {
    const viewer = await viewerOf(grant);
    const [refreshed, changed] = await meanwhile(
      'SELECT FROM refresh_tokens WHERE session_id = $1 FOR UPDATE',
      grant.session.id,
      {
        // The refresh holds the session and waits for its token; the change of password waits for the session.
        act: () =>
          Promise.all([
            refresh(),
            statementsThatWaitAre(1).then(() =>
              auth.sessions.changePassword(viewer, { currentPassword: password, newPassword }, client),
            ),
          ]),
        waiting: 2,
      },
    );
    await expect(auth.sessions.refresh(refreshed.refreshToken, client)).rejects.toBeInstanceOf(BadCredentialsError);
    await expect(auth.sessions.refresh(changed.refreshToken, client)).resolves.toBeDefined();
  });

  test('a session that is revoked while it changes the password changes none', async () => {
    const viewer = await viewerOf(grant);
    const changing = meanwhile('UPDATE sessions SET revoked_at = now() WHERE id = $1', grant.session.id, {
      act: () => auth.sessions.changePassword(viewer, { currentPassword: password, newPassword }, client),
    });
    await expect(changing).rejects.toMatchObject({ extensions: { code: 'SESSION_REVOKED' } });
    await expect(signIn()).resolves.toBeDefined();
  });

  test('of sessions that revoke each other one is left, without a deadlock', async () => {
    const others = await Promise.all(Array.from({ length: 6 }, signIn));
    const viewers = await Promise.all(others.map(viewerOf));
    const outcomes = await meanwhile('SELECT FROM sessions WHERE id = $1 FOR UPDATE', grant.session.id, {
      act: () => Promise.allSettled(viewers.map((viewer) => auth.sessions.revokeOthers(viewer))),
      waiting: 6,
    });
    const revoked = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(revoked.map((ids) => ids.length)).toEqual([6]);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ extensions: { code: 'SESSION_REVOKED' } });
    expect(await prisma.session.count({ where: { userId: grant.user.id, revokedAt: null } })).toBe(1);
  });
});
