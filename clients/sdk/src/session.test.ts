import { readFile } from 'node:fs/promises';
import { afterEach, expect, jest, test } from '@jest/globals';
import { createAuthorizedFetch } from './authorized-fetch.ts';
import { backoffMs } from './backoff.ts';
import { createSession, type Tokens } from './session.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

const inTenMinutes = () => new Date(Date.now() + 600_000).toISOString();
const anHourAgo = () => new Date(Date.now() - 3_600_000).toISOString();

function grant(name: string, accessTokenExpiresAt = inTenMinutes()): Tokens {
  return { accessToken: name, accessTokenExpiresAt, refreshToken: `refresh of ${name}` };
}

/** A session on a server that answers each refresh with the next of these: tokens, or the code of an error. */
function sessionWith({ tokens, answers }: { tokens: Tokens | null; answers: (Tokens | string | null)[] }) {
  const seen: (Tokens | null)[] = [];
  const used: string[] = [];
  const session = createSession({
    url: 'http://hub.test/graphql',
    tokens,
    onTokens: (next) => seen.push(next),
    fetch: async (_, init) => {
      const { refreshToken } = JSON.parse(String(init?.body)).variables.input;
      used.push(refreshToken);
      const answer = answers.shift();
      if (answer === null) throw new TypeError('fetch failed');
      const refreshSession =
        typeof answer === 'string'
          ? { __typename: 'AnError', code: answer, message: 'no' }
          : { __typename: 'AuthPayload', ...answer };
      return Response.json({ data: { refreshSession } });
    },
  });
  return { session, seen, used };
}

test('a token that is good is given without asking the server', async () => {
  const { session } = sessionWith({ tokens: grant('first'), answers: [] });
  expect(await session.getToken()).toBe('first');
});

test('however many want a token at once, there is one refresh, and its tokens are handed out to be kept', async () => {
  const { session, seen, used } = sessionWith({ tokens: grant('first', anHourAgo()), answers: [grant('second')] });
  const tokens = await Promise.all([1, 2, 3].map(() => session.getToken()));
  expect(tokens).toEqual(['second', 'second', 'second']);
  expect(used).toEqual(['refresh of first']);
  expect(seen.map((kept) => kept?.accessToken)).toEqual(['second']);
});

test('a token that the server has refused is replaced once, also for those who come later with it', async () => {
  const { session, used } = sessionWith({ tokens: grant('first'), answers: [grant('second')] });
  expect(await session.getToken({ refused: 'first' })).toBe('second');
  expect(await session.getToken({ refused: 'first' })).toBe('second');
  expect(used).toHaveLength(1);
});

test('with a clock that is hours ahead, only the server says when a token has expired', async () => {
  const tokens = grant('first', anHourAgo());
  const { session, used } = sessionWith({
    tokens,
    answers: [grant('second', anHourAgo()), grant('third', anHourAgo())],
  });
  expect(await session.getToken()).toBe('second');
  expect(await session.getToken()).toBe('second');
  expect(await session.getToken({ refused: 'second' })).toBe('third');
  expect(used).toHaveLength(2);
});

test('a refresh that fails on the way is tried again by whoever asks next', async () => {
  const { session, seen } = sessionWith({ tokens: grant('first', anHourAgo()), answers: [null, grant('second')] });
  await expect(session.getToken()).rejects.toMatchObject({ code: 'NETWORK', passes: true });
  expect(seen).toEqual([]);
  expect(await session.getToken()).toBe('second');
});

test('a refresh whose answer is lost is given up, and sent again, while the server still takes its token', async () => {
  const timeouts = jest.spyOn(AbortSignal, 'timeout');
  const { session } = sessionWith({ tokens: grant('first', anHourAgo()), answers: [grant('second')] });
  await session.getToken();
  const longestPauseMs = backoffMs(100, () => 0);
  const settings = await readFile(new URL('../../../.env.example', import.meta.url), 'utf8');
  const graceMs = Number(/^#REFRESH_GRACE_SECONDS=(\d+)$/m.exec(settings)?.[1]) * 1_000;
  expect(timeouts).toHaveBeenCalledTimes(1);
  expect(Number(timeouts.mock.calls[0]?.[0]) + longestPauseMs).toBeLessThan(graceMs);
});

test('a session whose refresh is refused is over: sign in again', async () => {
  const { session, seen } = sessionWith({ tokens: grant('first', anHourAgo()), answers: ['BAD_CREDENTIALS'] });
  await expect(session.getToken()).rejects.toMatchObject({ code: 'SESSION_REVOKED', endsSession: true });
  expect(seen).toEqual([null]);
  await expect(session.getToken()).rejects.toMatchObject({ code: 'UNAUTHENTICATED', endsSession: true });
});

test('a sign-out whose answer is late does not sign out whoever has signed in meanwhile', async () => {
  let answerSignOut = () => {};
  const session = createSession({
    url: 'http://hub.test/graphql',
    tokens: grant('first'),
    fetch: async (input, init) => {
      const isSignIn = String(init?.body).includes('mutation SignIn');
      if (isSignIn) return Response.json({ data: { signIn: { __typename: 'AuthPayload', ...grant('second') } } });
      expect((input as Request).headers.get('authorization')).toBe('Bearer first');
      await new Promise<void>((resolve) => {
        answerSignOut = resolve;
      });
      return Response.json({ data: { signOut: { __typename: 'SignOutPayload' } } });
    },
  });
  const signedOut = session.signOut();
  await session.signIn({ email: 'grace@example.com', password: 'hers' });
  answerSignOut();
  await signedOut;
  expect(await session.getToken()).toBe('second');
});

test('what waits for a token of somebody who signs out gets none, and none of whoever signs in next', async () => {
  const session = createSession({
    url: 'http://hub.test/graphql',
    tokens: grant('first', anHourAgo()),
    fetch: async (_, init) => {
      if (!String(init?.body).includes('mutation SignIn')) return await new Promise<Response>(() => {});
      return Response.json({ data: { signIn: { __typename: 'AuthPayload', ...grant('second') } } });
    },
  });
  const waiting = session.getToken();
  await session.signIn({ email: 'grace@example.com', password: 'hers' });
  await expect(waiting).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(await session.getToken()).toBe('second');
});

test('a request that was refused as somebody who has left is not sent again as whoever has signed in', async () => {
  const sent: (string | null)[] = [];
  const session = createSession({
    url: 'http://hub.test/graphql',
    tokens: grant('first'),
    fetch: async () => Response.json({ data: { signIn: { __typename: 'AuthPayload', ...grant('second') } } }),
  });
  const fetch = createAuthorizedFetch(session.getToken, async (input) => {
    sent.push((input as Request).headers.get('authorization'));
    await session.signIn({ email: 'grace@example.com', password: 'hers' });
    return Response.json({ errors: [{ message: 'no', extensions: { code: 'TOKEN_EXPIRED' } }] }, { status: 401 });
  });
  await expect(fetch('http://hub.test/graphql')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(sent).toEqual(['Bearer first']);
});

test('a sign-out forgets the tokens at once, whatever the network does, and is told to the server with a good one', async () => {
  const told: (string | null)[] = [];
  const seen: (Tokens | null)[] = [];
  const session = createSession({
    url: 'http://hub.test/graphql',
    tokens: grant('first', anHourAgo()),
    onTokens: (next) => seen.push(next),
    fetch: async (input) => {
      if (input instanceof Request) {
        told.push(input.headers.get('authorization'));
        return Response.json({ data: { signOut: {} } });
      }
      return Response.json({ data: { refreshSession: { __typename: 'AuthPayload', ...grant('second') } } });
    },
  });
  const signedOut = session.signOut();
  expect([session.isSignedIn, seen]).toEqual([false, [null]]);
  await signedOut;
  expect(told).toEqual(['Bearer second']);
  expect(seen).toEqual([null]);
});

test('a sign-out of a session that is over already is done', async () => {
  const answers = ['BAD_CREDENTIALS'];
  const { session, seen } = sessionWith({ tokens: grant('first', anHourAgo()), answers });
  await session.signOut();
  expect([answers, seen]).toEqual([[], [null]]);
});

test('new tokens of the same session are used by who waits for a refresh that fails because of them', async () => {
  let refuse = () => {};
  const session = createSession({
    url: 'http://hub.test/graphql',
    tokens: grant('first', anHourAgo()),
    fetch: async () => {
      await new Promise<void>((resolve) => {
        refuse = resolve;
      });
      const refreshSession = { __typename: 'AnError', code: 'BAD_CREDENTIALS', message: 'no' };
      return Response.json({ data: { refreshSession } });
    },
  });
  const waiting = session.getToken();
  const user = { id: 'u', version: 1, createdAt: '', updatedAt: '', email: null, name: 'Ada', color: '', role: null };
  session.adopt({ ...grant('second'), user });
  refuse();
  expect(await waiting).toBe('second');
});

test('a request with an expired token is sent again, whole, with a new one; other refusals are left as they are', async () => {
  const sent: string[] = [];
  const fetch = createAuthorizedFetch(
    async ({ refused } = {}) => (refused === undefined ? 'old' : 'new'),
    async (input) => {
      const request = input as Request;
      const token = request.headers.get('authorization');
      sent.push(`${token} ${await request.text()}`);
      const code = token === 'Bearer old' ? 'TOKEN_EXPIRED' : 'SESSION_REVOKED';
      return Response.json({ errors: [{ message: 'no', extensions: { code } }] }, { status: 401 });
    },
  );
  const response = await fetch('http://hub.test/graphql', { method: 'POST', body: 'the body' });
  expect(sent).toEqual(['Bearer old the body', 'Bearer new the body']);
  expect(await response.text()).toContain('SESSION_REVOKED');
});
