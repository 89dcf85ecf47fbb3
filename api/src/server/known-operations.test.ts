import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { buildSchema, GraphQLError, type GraphQLFieldResolver } from 'graphql';
import type { Authentication } from '../auth/authenticate.ts';
import type { Context, Services } from '../model/context.ts';
import { writesOnlyForLiveSession } from '../model/write-request.ts';
import { createErrorCoder } from './coded-errors.ts';
import { createGraphql } from './graphql.ts';
import { createRequestListener } from './http.ts';
import { type ExecuteKnown, isPlain } from './known-operations.ts';

const bearer = 'Bearer good';
const viewer = { userId: 'u', sessionId: 's', tokenExpiresAt: new Date() };
const ended = { ...viewer, sessionId: 'ended' };
const resolvers: Readonly<Record<string, GraphQLFieldResolver<unknown, Context>>> = {
  'Query.viewer': (_, __, context) => context.viewer?.userId ?? null,
  'Query.echo': (_, { text }: { text: string }) => `${text} ✓`,
  'Query.fails': () => {
    throw new Error('a secret');
  },
  'Query.refuses': () => {
    throw new GraphQLError('Sign in.', { extensions: { code: 'UNAUTHENTICATED', http: { status: 401 } } });
  },
  'Query.must': () => null,
  'Mutation.act': () => {
    acts += 1;
    return acts;
  },
  // As those that write for a live session only: what is written proves that there is one.
  'Mutation.write': (_, __, context) => {
    if (context.viewer?.sessionId !== viewer.sessionId) return 'nothing';
    context.session?.proved();
    return 'written';
  },
  'Mutation.refuse': () => {
    throw new GraphQLError('There is no such row.', { extensions: { code: 'NOT_FOUND' } });
  },
};
let acts: number;
/** How often Postgres was asked about a session. */
let asked: number;
let logged: number;
/** Requests that were answered the short way. */
let short: number;
let server: Server | null = null;

beforeEach(() => {
  [acts, asked, logged, short] = [0, 0, 0, 0];
});
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve) ?? resolve(null));
  server = null;
});

async function start(corsOrigins: readonly string[] | null = null, isProduction = true): Promise<string> {
  const schema = buildSchema(`
    type Query { viewer: String echo(text: String!): String fails: String refuses: String must: Int! }
    type Mutation { act: Int fail: Int write: String refuse: String }
    type Subscription { echo: String }`);
  for (const [name, resolve] of Object.entries(resolvers)) {
    const [type, field = ''] = name.split('.');
    const found = (type === 'Query' ? schema.getQueryType() : schema.getMutationType())?.getFields()[field];
    if (found === undefined) continue;
    found.resolve = resolve;
    if (field === 'write' || field === 'refuse') found.extensions = writesOnlyForLiveSession;
  }
  const readBearer = (authorization: unknown): Authentication =>
    authorization === 'Bearer none'
      ? { ok: false, code: 'UNAUTHENTICATED' }
      : { ok: true, viewer: authorization === bearer ? viewer : ended };
  const isLive = async ({ sessionId }: { sessionId: string }) => {
    asked += 1;
    return sessionId === viewer.sessionId;
  };
  const { yoga, executeKnown } = createGraphql({
    schema,
    services: {} as Services,
    authenticator: {
      readBearer,
      isLive,
      async authenticate(authorization) {
        const reading = readBearer(authorization);
        return !reading.ok || (await isLive(reading.viewer)) ? reading : { ok: false, code: 'SESSION_REVOKED' };
      },
    },
    codeError: createErrorCoder({
      log: {
        error() {
          logged += 1;
        },
      },
      suggestions: false,
    }),
    settings: {
      isProduction,
      corsOrigins,
      trustedProxies: 0,
      backlog: {
        maxSubscriptions: 1,
        maxFrames: 1,
        maxBytes: 1,
        maxSubscriptionFrames: 1,
        maxSubscriptionBytes: 1,
        patienceMs: 1,
      },
    },
  });
  const counted: ExecuteKnown = async (request, body) => {
    const executed = await executeKnown(request, body);
    if (executed !== null) short += 1;
    return executed;
  };
  const listener: RequestListener = createRequestListener({
    graphql: yoga,
    executeKnown: counted,
    health: () => false,
    maxBodyBytes: 10_000,
  });
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

type Headers = Readonly<Record<string, string>>;

async function post(url: string, body: string, headers: Headers) {
  const response = await fetch(url, { method: 'POST', body, headers });
  const kept = [...response.headers].filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name));
  return { status: response.status, headers: Object.fromEntries(kept), body: await response.text() };
}

/** The same request by both ways. Yoga answers the first of each document, and whatever has a parameter that it does not read. */
async function bothWays(url: string, body: unknown, headers: Headers) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const long = { ...headers, 'content-type': 'application/json; charset=utf-8; way=long' };
  const first = await post(url, text, long);
  short = 0;
  const second = await post(url, text, { ...headers, 'content-type': 'application/json' });
  return { long: first, answer: second, wasShort: short === 1 };
}

const echo = { query: 'query Echo($text: String!) { echo(text: $text) }', variables: { text: 'here' } };
const accepts = [
  '*/*',
  'application/json',
  'application/graphql-response+json, application/json',
  'application/json, application/graphql-response+json',
  'application/graphql-response+json; q=0.1, application/json;q=0.9',
  'text/html, application/*;q=0.5',
  'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed',
  'application/json; charset=utf-8',
];

describe('a request that goes the short way is answered as by Yoga', () => {
  test.each(accepts.map((accept) => [accept]))('which accepts %s', async (accept) => {
    const { long, answer } = await bothWays(await start(), echo, { accept });
    expect(answer).toEqual(long);
    expect(answer).toMatchObject({ status: 200, body: '{"data":{"echo":"here ✓"}}' });
  });

  test.each([
    ['for any origin', null],
    ['for no origin', []],
    ['for one origin', ['https://a.example']],
    ['for two origins', ['https://a.example', 'https://b.example']],
  ])('from a page, %s', async (_, origins) => {
    const url = await start(origins);
    for (const origin of ['https://a.example', 'https://b.example', 'https://evil.example', 'null']) {
      const { long, answer, wasShort } = await bothWays(url, echo, { origin });
      expect(answer).toEqual(long);
      expect(wasShort).toBe(true);
    }
  });

  test.each<[string, object, Headers, boolean]>([
    ['by somebody who has signed in', { query: '{ viewer }' }, { authorization: bearer }, true],
    ['by somebody whose session has ended', { query: '{ viewer }' }, { authorization: 'Bearer bad' }, true],
    ['by somebody with a token of nobody', { query: '{ viewer }' }, { authorization: 'Bearer none' }, true],
    ['that writes, by nobody', { query: 'mutation { write }' }, {}, true],
    ['a field of which fails', { query: '{ viewer fails }' }, {}, true],
    ['a field of which is refused', { query: '{ viewer refuses }' }, {}, true],
    ['the whole of which is null', { query: '{ must }' }, {}, true],
    ['by name', { query: 'query A { viewer } query B { echo(text: "b") }', operationName: 'B' }, {}, true],
    ['without a name that it needs', { query: 'query A { viewer } query B { viewer }' }, {}, false],
    ['by a name that is not there', { query: '{ viewer }', operationName: 'C' }, {}, false],
    ['with extensions', { query: '{ viewer }', extensions: { a: 1 }, variables: null }, {}, true],
    ['without a variable', { query: echo.query }, {}, true],
    ['with a variable of another type', { query: echo.query, variables: { text: 1 } }, {}, true],
    ['with variables in a list', { ...echo, variables: [] }, {}, false],
    ['with an unknown parameter', { ...echo, more: 1 }, {}, false],
    ['in a list', [echo], {}, false],
    ['that is not valid', { query: '{ nothing }' }, {}, false],
    ['with a syntax error', { query: '{ echo' }, {}, false],
    ['without a query', {}, {}, false],
  ])('%s', async (_, body, headers, isShort) => {
    const url = await start();
    for (const accept of accepts.slice(0, 3)) {
      const { long, answer, wasShort } = await bothWays(url, body, { ...headers, accept });
      expect(answer).toEqual(long);
      expect(wasShort).toBe(isShort);
    }
  });

  test.each([['nothing'], ['"text"'], ['null'], ['']])('which is no request: %s', async (text) => {
    const { long, answer, wasShort } = await bothWays(await start(), text, {});
    expect(answer).toEqual(long);
    expect(wasShort).toBe(false);
  });
});

test('a mutation is executed once by either way, and what fails is logged once', async () => {
  const url = await start();
  const act = { query: 'mutation { act }' };
  expect((await bothWays(url, act, {})).answer.body).toBe('{"data":{"act":2}}');
  expect(short).toBe(1);
  await bothWays(url, { query: 'mutation M { act } query Q { fails }', operationName: 'Q' }, {});
  expect([acts, logged]).toEqual([2, 2]);
});

describe('a mutation that writes only for a live session', () => {
  const send = async (query: string, authorization: string) => {
    const url = await start();
    const ways = await bothWays(url, { query }, { authorization });
    asked = 0;
    const again = await post(url, JSON.stringify({ query }), { authorization, 'content-type': 'application/json' });
    expect(again).toEqual(ways.answer);
    return ways;
  };

  test('begins before Postgres was asked about it, and is not asked about when it has written', async () => {
    const { long, answer, wasShort } = await send('mutation { write }', bearer);
    expect([answer, wasShort]).toEqual([long, true]);
    expect(answer.body).toBe('{"data":{"write":"written"}}');
    expect(asked).toBe(0);
  });

  test.each(['mutation { write }', 'mutation { refuse }', 'mutation { write @skip(if: true) }'])(
    'is not answered when there is none: %s',
    async (query) => {
      const { long, answer, wasShort } = await send(query, 'Bearer ended');
      expect([answer, wasShort]).toEqual([long, true]);
      expect(answer.status).toBe(401);
      expect(answer.body).toContain('SESSION_REVOKED');
      expect(answer.body).not.toContain('nothing');
      expect(asked).toBe(1);
    },
  );

  test('is asked about when it has written nothing', async () => {
    const { long, answer } = await send('mutation { refuse }', bearer);
    expect(answer).toEqual(long);
    expect(answer.body).toContain('NOT_FOUND');
    expect(asked).toBe(1);
  });

  test.each([
    'mutation { write act }',
    'mutation { write refuse }',
    'mutation { ...both } fragment both on Mutation { write }',
    'mutation { act }',
    '{ viewer }',
  ])('no other operation begins before: %s', async (query) => {
    const { answer } = await send(query, 'Bearer ended');
    expect(answer.body).toContain('SESSION_REVOKED');
    expect([acts, asked]).toEqual([0, 1]);
  });
});

test('in production nobody is told the schema by asking twice', async () => {
  const url = await start();
  const introspect = { query: '{ __schema { queryType { name } } }' };
  for (const { body } of Object.values(await bothWays(url, introspect, {})).slice(0, 2) as { body: string }[])
    expect(body).toContain('BAD_USER_INPUT');
});

test('only a POST of plain JSON to the very path goes the short way', () => {
  const plain = { method: 'POST', url: '/graphql', headers: { 'content-type': 'application/json' } };
  const asked = (change: object, headers: object = {}) =>
    isPlain({ ...plain, ...change, headers: { ...plain.headers, ...headers } } as Parameters<typeof isPlain>[0]);
  expect(asked({})).toBe(true);
  expect(asked({}, { 'content-type': 'application/json; charset=UTF-8' })).toBe(true);
  expect([
    asked({ method: 'GET' }),
    asked({ url: '/graphql?query={viewer}' }),
    asked({}, { 'content-type': 'application/graphql' }),
    asked({}, { 'content-type': 'application/json; charset=latin1' }),
    asked({}, { 'content-encoding': 'gzip' }),
    asked({}, { 'access-control-request-method': 'POST' }),
    asked({}, { 'access-control-request-headers': 'authorization' }),
  ]).toEqual([false, false, false, false, false, false, false]);
});
