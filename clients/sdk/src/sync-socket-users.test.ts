import { afterEach, expect, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import WebSocket from 'ws';
import { createSession } from './session.ts';
import { SyncError } from './sync-error.ts';
import { createSyncSocket } from './sync-socket.ts';
import { startFakeHub } from './testing/fake-hub.ts';

const closes: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0).reverse()) await close();
});

const grant = (name: string, secondsLeft = 600) => ({
  accessToken: name,
  accessTokenExpiresAt: new Date(Date.now() + secondsLeft * 1_000).toISOString(),
  refreshToken: `refresh of ${name}`,
});

/** Ada's session, and a socket with it. Grace can sign in, too; Ada's refresh waits until it is answered. */
async function startWithAda({ secondsLeft = 600 } = {}) {
  const hub = await startFakeHub();
  closes.push(() => hub.close());
  const answers: ((payload: object) => void)[] = [];
  const session = createSession({
    url: 'http://hub.test/graphql',
    tokens: grant('ada', secondsLeft),
    fetch: async (input, init) => {
      const body = input instanceof Request ? await input.text() : String(init?.body);
      if (body.includes('mutation SignIn'))
        return Response.json({ data: { signIn: { __typename: 'AuthPayload', ...grant('grace') } } });
      if (body.includes('mutation SignOut')) return Response.json({ data: { signOut: {} } });
      const refreshSession = await new Promise<object>((resolve) => answers.push(resolve));
      return Response.json({ data: { refreshSession } });
    },
  });
  const socket = createSyncSocket({ url: hub.url, getToken: session.getToken, webSocket: WebSocket });
  closes.push(() => socket.close());
  const told: string[] = [];
  function follow(name: string, after?: string) {
    const sink = {
      next() {},
      error: (error: unknown) => told.push(`${name}: error ${error instanceof SyncError ? error.code : error}`),
      complete() {},
    };
    const query = `subscription ${name} ($after: SyncCursor) { frames(after: $after) { cursor } }`;
    return socket.subscribe({ query, variables: { after } }, sink, {
      interrupted: ({ code }) => told.push(`${name}: interrupted ${code}`),
    });
  }
  const followed = (name: string, token: string) =>
    waitFor(() => hub.subscriptions.some(({ query }) => query.includes(name)) && hub.tokens.at(-1) === token, {
      what: `${name} to be followed as ${token}`,
    });
  return { hub, session, answers, told, follow, followed, signInGrace: () => session.signIn(grace) };
}
const grace = { email: 'grace@example.com', password: 'hers' };

test.each([
  ['is answered', { __typename: 'AuthPayload', ...grant('ada again') }],
  ['is refused', { __typename: 'BadCredentialsError', code: 'BAD_CREDENTIALS', message: 'no' }],
])(
  'whoever signs in while the refresh of somebody else hangs has a socket of their own, also when that %s',
  async (_, answer) => {
    const { hub, session, answers, told, follow, followed, signInGrace } = await startWithAda({ secondsLeft: 0 });
    const leave = follow('adas');
    await waitFor(() => answers.length === 1, { what: 'the refresh' });
    leave();
    const signedOut = session.signOut();
    await signInGrace();
    follow('graces');
    await followed('graces', 'grace');
    answers[0]?.(answer);
    await signedOut;
    expect(await session.getToken()).toBe('grace');
    expect(hub.tokens).toEqual(['grace']);
    expect(hub.subscriptions.map(({ query }) => query.includes('graces'))).toEqual([true]);
    expect(told).toEqual([]);
  },
);

test('a socket that is open as somebody who has signed out is closed, and what was followed there ends', async () => {
  const { hub, session, told, follow, followed, signInGrace } = await startWithAda();
  follow('adas');
  await followed('adas', 'ada');
  await session.signOut();
  await signInGrace();
  follow('graces');
  await followed('graces', 'grace');
  expect(told).toEqual(['adas: interrupted UNAUTHENTICATED', 'adas: error UNAUTHENTICATED']);
  await waitFor(() => hub.openSockets === 1, { what: 'the socket of the one who has left to close' });
});

test('what is still followed when somebody else signs in begins anew as them', async () => {
  const { hub, told, follow, followed, signInGrace } = await startWithAda();
  follow('kept', 'a cursor of hers');
  await followed('kept', 'ada');
  await signInGrace();
  await followed('kept', 'grace');
  await waitFor(() => hub.subscriptions.length === 2, { what: 'the second start' });
  expect(hub.subscriptions.map(({ variables }) => variables['after'])).toEqual(['a cursor of hers', null]);
  expect(told).toEqual(['kept: interrupted UNAUTHENTICATED']);
});
