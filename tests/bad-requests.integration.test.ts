import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { json, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, startHub, testJwtSecret } from '@sync-hub/dev/hub';
import jsonwebtoken from 'jsonwebtoken';
import { addPerson, createWorld } from './cast.ts';
import { type Person, uuidOf } from './person.ts';
import { expectNothingWritten, expectRefusal, watchOver } from './refusals.ts';

let hub: Hub;
let url: string;
let viewer: Person;
let taskId: string;
let expectUnharmed: () => Promise<void>;

beforeAll(async () => {
  hub = await startHub();
  expectUnharmed = watchOver(hub);
  url = hub.urls[0] ?? '';
  viewer = await addPerson(hub.database, url, { name: 'Viewer' });
  taskId = (await createWorld(hub.database, [[viewer, 'OWNER']], viewer)).Task;
}, 60_000);
afterAll(() => hub?.close(), 30_000);

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}
type Errors = Parameters<typeof expectRefusal>[0];

/** Sends just this, signed in and as JSON unless its headers say otherwise. */
async function send({ method = 'POST', path = '/graphql', headers = {}, body }: Sent) {
  const defaults = { 'content-type': 'application/json', authorization: `Bearer ${viewer.accessToken}` };
  const response = await fetch(`${url}${path}`, { method, headers: { ...defaults, ...headers }, body: body ?? null });
  const said = await response.text();
  return { status: response.status, said, errors: errorsIn(said) };
}

function errorsIn(said: string): Errors {
  try {
    return (JSON.parse(said) as { errors?: Errors }).errors ?? [];
  } catch {
    return [];
  }
}

const query = (document: string, variables: object = {}): Sent => ({
  body: JSON.stringify({ query: document, variables }),
});
const mutation = 'mutation { createWorkspace(input: { name: "No" }) { __typename } }';

/** Milliseconds in which even a busy machine answers what costs the server nothing. */
const quicklyMs = 3_000;

/** Checks that it is refused with the code, soon, that nothing is written, and that the server takes it for no fault of its own. */
async function expectRefused(sent: Sent, code: string, status?: number) {
  await expectNothingWritten(hub, async () => {
    const startedAt = Date.now();
    const answer = await send(sent);
    expect(Date.now() - startedAt).toBeLessThan(quicklyMs);
    expect(new Set(expectRefusal(answer.errors))).toEqual(new Set([code]));
    if (status !== undefined) expect(answer.status).toBe(status);
  });
  await expectUnharmed();
}

describe('a token', () => {
  const claims = () => jsonwebtoken.decode(viewer.accessToken) as object;
  const forge = (change: object, secret = testJwtSecret) => jsonwebtoken.sign({ ...claims(), ...change }, secret);
  test.each<[string, () => string, string]>([
    ['that is none', () => 'Bearer', 'UNAUTHENTICATED'],
    ['of another scheme', () => `Basic ${viewer.accessToken}`, 'UNAUTHENTICATED'],
    ['that is malformed', () => 'Bearer a.b.c', 'UNAUTHENTICATED'],
    ['of 10,000 characters', () => `Bearer ${'x'.repeat(10_000)}`, 'UNAUTHENTICATED'],
    ['of another server', () => `Bearer ${forge({}, 'x'.repeat(32))}`, 'UNAUTHENTICATED'],
    ['of another issuer', () => `Bearer ${forge({ iss: 'elsewhere' })}`, 'UNAUTHENTICATED'],
    ['that expired', () => `Bearer ${forge({ exp: 1_000 })}`, 'TOKEN_EXPIRED'],
    ['of no session', () => `Bearer ${forge({ sid: uuidOf(taskId) })}`, 'SESSION_REVOKED'],
    ["of somebody else's session", () => `Bearer ${forge({ sub: uuidOf(taskId) })}`, 'SESSION_REVOKED'],
  ])('%s is refused with 401, and nothing is executed', (_, authorization, code) =>
    expectRefused({ ...query(mutation), headers: { authorization: authorization() } }, code, 401),
  );
});

describe('a document', () => {
  const many = (count: number, text: (n: number) => string) =>
    Array.from({ length: count }, (_, n) => text(n)).join(' ');
  const doubling = `{ ...f0 } ${many(400, (n) => `fragment f${n} on Query { ...f${n + 1} ...f${n + 1} }`)} fragment f400 on Query { me { id } }`;
  const deep = `{ tasks { nodes { ${'workspace { tasks { nodes { '.repeat(4)} id ${'} } } '.repeat(5)}`;
  const pages =
    '{ workspaces(first: 100) { nodes { tasks(first: 100) { nodes { comments(first: 100) { nodes { id } } } } } } }';
  test.each<[string, string, string]>([
    ['that is empty', '', 'BAD_USER_INPUT'],
    ['that is no GraphQL', 'SELECT * FROM users; --', 'BAD_USER_INPUT'],
    ['of 100,000 fields', `{ ${many(100_000, () => 'me')} }`, 'BAD_USER_INPUT'],
    ['of 2,000 equal fields', `{ ${many(2_000, () => 'me { id }')} }`, 'BAD_USER_INPUT'],
    ['of 600 aliases', `{ ${many(600, (n) => `a${n}: me { id }`)} }`, 'QUERY_TOO_COMPLEX'],
    ['of 2,000 directives', `{ me ${many(2_000, () => '@skip(if: false)')} { id } }`, 'BAD_USER_INPUT'],
    ['of 1,000 unused variables', `query (${many(1_000, (n) => `$v${n}: Int`)}) { me { id } }`, 'BAD_USER_INPUT'],
    ['with fragments that double 400 times', doubling, 'QUERY_TOO_COMPLEX'],
    ['with a fragment that holds itself', 'query { ...f } fragment f on Query { ...f }', 'BAD_USER_INPUT'],
    ['15 levels deep', deep, 'QUERY_TOO_COMPLEX'],
    ['that asks for a million rows', pages, 'QUERY_TOO_COMPLEX'],
    [
      'that asks for the schema of the schema',
      `{ __schema { types { ${'fields { type { '.repeat(6)} name ${'} }'.repeat(6)} } } }`,
      'BAD_USER_INPUT',
    ],
  ])('%s is refused', (_, document, code) => expectRefused(query(document), code));

  test.each<[string, object, string]>([
    ['of 100,000 values', { priority: { in: Array.from({ length: 100_000 }, () => 1) } }, 'BAD_USER_INPUT'],
    [
      'of 100,000 values of the wrong type',
      { priority: { in: Array.from({ length: 100_000 }, () => 'x') } },
      'BAD_USER_INPUT',
    ],
    ['of 50,000 filters', { and: Array.from({ length: 50_000 }, () => ({})) }, 'BAD_USER_INPUT'],
  ])('with a filter %s is refused', (_, where, code) =>
    expectRefused(query('query ($where: TaskFilter) { tasks(where: $where) { nodes { id } } }', { where }), code),
  );
});

describe('a body', () => {
  const large = `{ "query": "{ __typename }", "variables": { "x": "${'x'.repeat(2 ** 20)}" } }`;

  test('over 1 MiB is refused with 413', () => expectRefused({ body: large }, 'PAYLOAD_TOO_LARGE', 413));

  test('just under 1 MiB is not', async () => {
    const { said } = await send({ body: large.replace('x'.repeat(1_000), '') });
    expect(JSON.parse(said)).toEqual({ data: { __typename: 'Query' } });
  });

  /** Sends it without a length, in two halves. */
  async function sendInPieces(body: string) {
    const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
    const sending = request(`${url}/graphql`, { method: 'POST', headers });
    Readable.from([body.slice(0, 2 ** 19), body.slice(2 ** 19)]).pipe(sending);
    const [response] = await once(sending, 'response');
    return { status: response.statusCode, answer: (await json(response)) as { data?: unknown; errors: Errors } };
  }

  test('over 1 MiB that does not say its length is refused with 413, too', async () => {
    const { status, answer } = await sendInPieces(large);
    expect(status).toBe(413);
    expect(expectRefusal(answer.errors)).toEqual(['PAYLOAD_TOO_LARGE']);
    await expectUnharmed();
  });

  test('under 1 MiB that does not say its length is read', async () => {
    const { answer } = await sendInPieces(large.replace('x'.repeat(1_000), ''));
    expect(answer).toEqual({ data: { __typename: 'Query' } });
    expect((await sendInPieces('')).answer.errors).toHaveLength(1);
  });
});

describe('a request', () => {
  test('with an Accept that is empty is answered as one without', async () => {
    const { said } = await send({ ...query('{ __typename }'), headers: { accept: '' } });
    expect(JSON.parse(said)).toEqual({ data: { __typename: 'Query' } });
  });

  /** As text: JSON.stringify goes no deeper than a stack. */
  const deepFilter = JSON.stringify({
    query: 'query ($where: TaskFilter) { tasks(where: $where) { nodes { id } } }',
    variables: { where: 'where' },
  }).replace('"where":"where"', `"where":${'{"not":'.repeat(20_000)}{}${'}'.repeat(20_000)}`);
  const asForm = { 'content-type': 'application/x-www-form-urlencoded' };
  const get = (parameters: Record<string, string>): Sent => ({
    method: 'GET',
    path: `/graphql?${new URLSearchParams(parameters)}`,
  });
  test.each<[string, Sent, number]>([
    ['without a body', { body: '' }, 400],
    ['with half a body', { body: '{ "query":' }, 400],
    ['with a body of binary junk', { body: new Uint8Array([0, 255, 254, 0xc0]) }, 400],
    ['with null for a body', { body: 'null' }, 400],
    ['with a list for a body', { body: `[${JSON.stringify({ query: mutation })}]` }, 400],
    ['without a document', { body: '{}' }, 400],
    ['whose document is a number', { body: '{ "query": 1 }' }, 400],
    ['whose variables are a list', { body: JSON.stringify({ query: mutation, variables: [] }) }, 400],
    ['with a field that means nothing', { body: JSON.stringify({ query: mutation, querry: mutation }) }, 400],
    ['that names an operation it has not', { body: JSON.stringify({ query: mutation, operationName: 'Other' }) }, 400],
    ['of two operations without saying which', query('query A { me { id } } query B { me { id } }'), 400],
    ['by GET without a document', get({}), 400],
    ['by GET that would write', get({ query: mutation }), 405],
    ['by GET with variables that are no JSON', get({ query: '{ me { id } }', variables: '{' }), 400],
    ['by PUT', { ...query(mutation), method: 'PUT' }, 405],
    ['by a form of a page', { headers: asForm, body: new URLSearchParams({ query: mutation }).toString() }, 415],
    ['of plain text', { ...query(mutation), headers: { 'content-type': 'text/plain' } }, 415],
    ['of no type', { ...query(mutation), headers: { 'content-type': '' } }, 415],
    ['that wants an answer in XML', { ...query(mutation), headers: { accept: 'text/xml' } }, 406],
    [
      'with variables of another type',
      query('query ($first: Int) { tasks(first: $first) { nodes { id } } }', { first: 'x' }),
      400,
    ],
    ['with variables nested very deeply', { body: deepFilter }, 400],
  ])('%s is refused with a code', (_, sent, status) => expectRefused(sent, 'BAD_USER_INPUT', status));

  test.each([
    ['brackets', `{ me ${'{ me '.repeat(2_400)}`],
    ['lists', `{ tasks(where: ${'['.repeat(4_900)}`],
    ['types', `query ($ids: ${'['.repeat(4_900)}`],
  ])('nested very deeply, in %s, is refused before it is parsed', (_, document) =>
    expectRefused(query(document), 'BAD_USER_INPUT'),
  );

  test('for a subscription that takes its answer as JSON alone is refused with 406, and follows nothing', async () => {
    const follow = { ...query('subscription { taskChanges { cursor } }'), headers: { accept: 'application/json' } };
    await expectRefused(follow, 'BAD_USER_INPUT', 406);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^sync_hub_api_subscriptions 0$/m);
  });

  test('that takes an answer in another charset is answered in ours', async () => {
    const { status, said } = await send({
      ...query('{ __typename }'),
      headers: { accept: 'application/json; charset=x' },
    });
    expect([status, said]).toEqual([200, '{"data":{"__typename":"Query"}}']);
  });

  test.each([
    ['a query', 'query ($where: TaskFilter) { tasks(where: $where) { nodes { title } } }'],
    ['a subscription', 'subscription ($where: TaskFilter) { taskChanges(where: $where) { cursor } }'],
  ])(
    'with 20,000 fields that no filter has is refused, soon and in few words, again and again: %s',
    async (_, asked) => {
      const where = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`field${n}`, n]));
      const sent = query(asked, { where });
      for (const _ of [1, 2]) expect((await send(sent)).said.length).toBeLessThan(5_000);
      await expectRefused(sent, 'BAD_USER_INPUT');
    },
  );

  test.each(['%%%', 'a b', '[::1', '', 'a/b', 'a?b'])(
    'whose Host is none is refused, and told nothing of our insides: %s',
    async (host) => {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname);
      socket.write(`GET /graphql?query={__typename} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      const said = await text(socket);
      expect(said).toMatch(/^HTTP\/1.1 400 /);
      expect(said).toContain('"code":"BAD_USER_INPUT"');
      expect(said).not.toMatch(/node_modules|\bat /);
      await expectUnharmed();
    },
  );
});
