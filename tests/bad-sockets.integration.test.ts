import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, startHub, testJwtSecret } from '@sync-hub/dev/hub';
import jsonwebtoken from 'jsonwebtoken';
import { addPerson, createWorld } from './cast.ts';
import { type Person, uuidOf } from './person.ts';
import { type Message, openRawSocket, openSignedIn, type RawSocket } from './raw-socket.ts';
import { expectNothingWritten, expectRefusal, watchOver } from './refusals.ts';

let hub: Hub;
let expectUnharmed: () => Promise<void>;
let url: string;
let viewer: Person;
let taskId: string;
const open: RawSocket[] = [];

beforeAll(async () => {
  hub = await startHub();
  expectUnharmed = watchOver(hub);
  url = hub.urls[0] ?? '';
  viewer = await addPerson(hub.database, url, { name: 'Viewer' });
  taskId = (await createWorld(hub.database, [[viewer, 'OWNER']], viewer)).Task;
}, 60_000);
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});
afterAll(() => hub?.close(), 30_000);

async function openSocket(protocol?: string): Promise<RawSocket> {
  const socket = await openRawSocket(url, protocol);
  open.push(socket);
  return socket;
}
async function signedIn(): Promise<RawSocket> {
  const socket = await openSignedIn(url, viewer.accessToken);
  open.push(socket);
  return socket;
}

const init = (authorization: unknown) => ({ type: 'connection_init', payload: { authorization } });
const operation = (query: unknown, more: object = {}, id: unknown = 'one') => ({
  type: 'subscribe',
  id,
  payload: { query, ...more },
});
const nested = (depth: number) => `${'{"not":'.repeat(depth)}{}${'}'.repeat(depth)}`;
const follow = 'subscription { taskChanges { changes { operation } } }';

describe('a socket is closed with 4403 and a code as the reason', () => {
  const claims = () => jsonwebtoken.decode(viewer.accessToken) as object;
  const forge = (change: object, secret = testJwtSecret) => jsonwebtoken.sign({ ...claims(), ...change }, secret);
  const none = { alg: 'none', typ: 'JWT' };
  const unsigned = () =>
    `${[none, claims()].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;

  test.each<[string, () => unknown, string]>([
    ['without a token', () => undefined, 'UNAUTHENTICATED'],
    ['with null for a token', () => null, 'UNAUTHENTICATED'],
    ['with an object for a token', () => ({ token: viewer.accessToken }), 'UNAUTHENTICATED'],
    ['with a token of no scheme', () => viewer.accessToken, 'UNAUTHENTICATED'],
    ['with a malformed token', () => 'Bearer a.b.c', 'UNAUTHENTICATED'],
    ['with a token of another server', () => `Bearer ${forge({}, 'x'.repeat(32))}`, 'UNAUTHENTICATED'],
    ['with an unsigned token', () => `Bearer ${unsigned()}`, 'UNAUTHENTICATED'],
    ['with a token for another audience', () => `Bearer ${forge({ aud: 'elsewhere' })}`, 'UNAUTHENTICATED'],
    ['with a token that expired', () => `Bearer ${forge({ exp: 1_000 })}`, 'TOKEN_EXPIRED'],
    ['with a token of no session', () => `Bearer ${forge({ sid: uuidOf(taskId) })}`, 'SESSION_REVOKED'],
  ])('%s', async (_, authorization, reason) => {
    const socket = await openSocket();
    socket.send(init(authorization()));
    expect(await socket.closing()).toBe(`4403 ${reason}`);
    expect(socket.messages).toEqual([]);
    await expectUnharmed();
  });

  test('when its token expires', async () => {
    const socket = await openSocket();
    socket.send(init(`Bearer ${forge({ exp: Math.floor(Date.now() / 1_000) + 2 })}`));
    expect(await socket.closing()).toBe('4403 TOKEN_EXPIRED');
    expect(socket.messages).toEqual([{ type: 'connection_ack' }]);
  });
});

describe('a socket that breaks the protocol is closed, and nothing is executed', () => {
  const mutation = 'mutation { createWorkspace(input: { name: "No" }) { __typename } }';
  test.each<[string, unknown[], string]>([
    ['an operation before the first message', [operation(mutation)], '4401 Unauthorized'],
    ['no JSON', ['{'], '4400 Invalid message received'],
    ['JSON that is no message', ['[null]'], '4400 Invalid message received'],
    ['binary junk', [Buffer.from([0, 255, 254, 0xc0, 0x80])], '4400 Invalid message received'],
    ['a message of no known type', [{ type: 'start', id: 'one' }], '4400 Invalid message received'],
    [
      'a first message with a payload that is none',
      [{ type: 'connection_init', payload: 'x' }],
      '4400 Invalid message',
    ],
    ['a message of 300 KiB', ['x'.repeat(300 * 2 ** 10)], '1009'],
  ])('by %s', async (_, messages, closedWith) => {
    await expectNothingWritten(hub, async () => {
      const socket = await openSocket();
      for (const message of messages) socket.send(message);
      expect(await socket.closing()).toContain(closedWith);
    });
    await expectUnharmed();
  });

  test.each<[string, unknown[], string]>([
    ['a second first message', [init('Bearer x')], '4429 Too many initialisation requests'],
    [
      'an operation with an id of 257 characters',
      [operation(follow, {}, 'x'.repeat(257))],
      '4400 Invalid message received: an id',
    ],
    [
      'two operations with one long id',
      [operation(follow, {}, 'ü'.repeat(256)), operation(follow, {}, 'ü'.repeat(256))],
      '4409 Subscriber for üü',
    ],
    [
      'an answer',
      [{ type: 'next', id: 'one', payload: { data: {} } }],
      '4400 Invalid message received: only the server',
    ],
    ['an error', [{ type: 'error', id: 'one', payload: [] }], '4400 Invalid message received: only the server'],
    ['an acknowledgement', [{ type: 'connection_ack' }], '4400 Invalid message received: only the server'],
    [
      'a ping nested very deeply',
      [`{"type":"ping","payload":${nested(20_000)}}`],
      '4400 Invalid message received: its payload',
    ],
    ['two operations with one id', [operation(follow), operation(mutation)], '4409 Subscriber for one already exists'],
    ['an operation without an id', [operation(mutation, {}, '')], '4400 Invalid message received'],
    ['an operation whose id is a number', [operation(mutation, {}, 1)], '4400 Invalid message received'],
    ['an operation whose text is a number', [operation(1)], '4400 Invalid message received'],
    ['an operation whose variables are a list', [operation(mutation, { variables: [] })], '4400 Invalid message'],
    ['an operation of 300 KiB', [operation(mutation, { variables: { x: 'x'.repeat(300 * 2 ** 10) } })], '1009'],
  ])('by %s, also when it is signed in', async (_, messages, closedWith) => {
    await expectNothingWritten(hub, async () => {
      const socket = await signedIn();
      for (const message of messages) socket.send(message);
      expect(await socket.closing()).toContain(closedWith);
    });
    await expectUnharmed();
  });

  test('by an operation that does not wait for the acknowledgement', async () => {
    await expectNothingWritten(hub, async () => {
      const socket = await openSocket();
      // At once: had it been a moment later, it could have been acknowledged by then.
      socket.send(init(`Bearer ${viewer.accessToken}`), operation(mutation));
      expect(await socket.closing()).toBe('4401 Unauthorized');
    });
  });

  test('by another subprotocol', async () => {
    const socket = await openSocket('');
    expect(await socket.closing()).toBe('4406 Subprotocol not acceptable');
  });
});

/** What an operation is answered: the errors, whichever message carries them. */
function errorsIn({ type, payload }: Message): Parameters<typeof expectRefusal>[0] | null {
  if (type === 'error') return payload as Parameters<typeof expectRefusal>[0];
  const { errors = null } = (payload ?? {}) as { errors?: Parameters<typeof expectRefusal>[0] | null };
  return errors;
}

describe('an operation that is wrong is answered with a code, and the socket lives on', () => {
  const filtered = 'subscription ($where: TaskFilter) { taskChanges(where: $where) { cursor } }';
  const page = 'query ($first: Int) { tasks(first: $first) { nodes { id } } }';
  const deep = `{ me ${'{ me '.repeat(2_400)}`;
  /** As text: JSON.stringify goes no deeper than a stack. */
  const filteredBy = (where: string) =>
    JSON.stringify(operation(filtered, { variables: { where: 'where' } })).replace(
      '"where":"where"',
      `"where":${where}`,
    );
  const comments = (inside: string) => `comments(first: 100) { nodes { ${inside} } }`;
  const big = `{ tasks(first: 100) { nodes { ${comments(`task { ${comments('id')} }`)} } } }`;

  test.each<[string, unknown, string]>([
    ['no GraphQL', operation('{'), 'BAD_USER_INPUT'],
    ['empty', operation(''), 'BAD_USER_INPUT'],
    ['about an unknown field', operation('{ nope }'), 'BAD_USER_INPUT'],
    [
      'two subscriptions',
      operation('subscription { taskChanges { cursor } userChanges { cursor } }'),
      'BAD_USER_INPUT',
    ],
    ['no field at all', operation('subscription { __typename }'), 'BAD_USER_INPUT'],
    ['of the wrong type', operation(page, { variables: { first: 'x' } }), 'BAD_USER_INPUT'],
    ['out of bounds', operation(page, { variables: { first: 1_000_000 } }), 'BAD_USER_INPUT'],
    ['a filter of the wrong type', operation(filtered, { variables: { where: { priority: 1 } } }), 'BAD_USER_INPUT'],
    ['a filter with no id', operation(filtered, { variables: { where: { id: { eq: 'x' } } } }), 'BAD_USER_INPUT'],
    ['a filter with null', operation(filtered, { variables: { where: { dueAt: null } } }), 'BAD_USER_INPUT'],
    ['a filter too deep', filteredBy(nested(11)), 'BAD_USER_INPUT'],
    ['of 20,000 fields', operation(`{ ${'__typename '.repeat(20_000)} }`), 'BAD_USER_INPUT'],
    ['a query too big', operation(big), 'QUERY_TOO_COMPLEX'],
    [
      'a subscription too big',
      operation(`subscription { taskChanges { changes { row { workspace ${big} } } } }`),
      'QUERY_TOO_COMPLEX',
    ],
    ['without the operation it names', operation('query A { me { id } }', { operationName: 'B' }), 'BAD_USER_INPUT'],
    ['two, of which none is named', operation('query A { me { id } } query B { me { id } }'), 'BAD_USER_INPUT'],
    [
      'a subscription that skips itself',
      operation('subscription { taskChanges @skip(if: true) { cursor } }'),
      'BAD_USER_INPUT',
    ],
    [
      'a subscription that skips itself by a fragment',
      operation(
        'subscription { ...all } fragment all on Subscription { ... @include(if: false) { taskChanges { cursor } } }',
      ),
      'BAD_USER_INPUT',
    ],
    ['nested very deeply', operation(deep), 'BAD_USER_INPUT'],
    ['with variables nested very deeply', filteredBy(nested(20_000)), 'BAD_USER_INPUT'],
  ])('%s', async (_, message, code) => {
    const socket = await signedIn();
    socket.send(message);
    const answer = await socket.receive('the errors', (one) => errorsIn(one) !== null);
    expect(expectRefusal(errorsIn(answer) ?? [])).toEqual([code]);
    if (answer.type === 'next') await socket.receive('the end', ({ type }) => type === 'complete');
    socket.send(operation('{ me { id } }', {}, 'two'));
    const { payload } = await socket.receive('the next answer', ({ type, id }) => type === 'next' && id === 'two');
    expect(payload).toEqual({ data: { me: { id: viewer.userId } } });
    await expectUnharmed();
  });

  test('variables that fit nowhere are quoted in few words', async () => {
    const where = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`field${n}`, n]));
    const socket = await signedIn();
    socket.send(operation(filtered, { variables: { where } }));
    const answer = await socket.receive('the errors', (one) => errorsIn(one) !== null);
    expect(expectRefusal(errorsIn(answer) ?? [])).toContain('BAD_USER_INPUT');
    expect(JSON.stringify(answer).length).toBeLessThan(5_000);
    await expectUnharmed();
  });
});
