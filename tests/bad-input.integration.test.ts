import { randomUUID } from 'node:crypto';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import * as operations from '@sync-hub/sdk/generated/graphql';
import { outcomeOf } from './acts.ts';
import { type Cast, createCast, createWorld, membersOf, type World } from './cast.ts';
import { type Answer, ask, globalId, password, signUp } from './person.ts';
import { expectNothingWritten, expectRefusal, watchOver } from './refusals.ts';

let hub: Hub;
let expectUnharmed: () => Promise<void>;
let url: string;
let cast: Cast;
let world: World;

beforeAll(async () => {
  hub = await startHub();
  expectUnharmed = watchOver(hub);
  url = hub.urls[0] ?? '';
  cast = await createCast(hub.database, url);
  world = await createWorld(hub.database, membersOf(cast), cast.SELF);
}, 60_000);
afterEach(() => expectUnharmed());
afterAll(() => hub?.close(), 30_000);

/** Sends variables that TypeScript would not let pass. */
function send<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: unknown,
): Promise<Answer<Data>> {
  return ask(url, cast.OWNER.accessToken, document, variables as Variables);
}

/** Checks that a question is answered with one coded error that says so, and no data. */
async function expectRefused(answering: Promise<Answer<object>>, says: RegExp, code = 'BAD_USER_INPUT') {
  await expectNothingWritten(hub, async () => {
    const { data, codes, messages } = await answering;
    expect(Object.values(data ?? {}).filter((value) => value !== null)).toEqual([]);
    const errors = messages.map((message, index) => ({ message, extensions: { code: codes[index] ?? '' } }));
    expect(expectRefusal(errors)).toEqual([code]);
    expect(messages).toEqual([expect.stringMatching(says)]);
  });
}

/** Checks that a mutation is answered with a ValidationError that names the field and says what to do. */
async function expectInvalid(answering: Promise<Answer<object>>, path: string, says: RegExp) {
  await expectNothingWritten(hub, async () => {
    const { data, codes } = await answering;
    expect(codes).toEqual([]);
    expect(Object.values(data ?? {})).toEqual([
      expect.objectContaining({
        __typename: 'ValidationError',
        code: 'BAD_USER_INPUT',
        fields: [{ path, message: expect.stringMatching(says) }],
      }),
    ]);
  });
}

const updateTask = (change: object) => send(operations.UpdateTaskDocument, { input: { id: world.Task, ...change } });
const createTask = (input: object) =>
  send(operations.CreateTaskDocument, { input: { workspaceId: world.Workspace, title: 'New', ...input } });

const unknown = randomUUID();
const noIds: readonly [string, unknown, RegExp][] = [
  ['an empty id', '', /is no id. Ids are base64 of/],
  ['a number', 5, /is no id/],
  ['a text that is no base64', '💥', /is no id/],
  ['a bare UUID', unknown, /is no id/],
  ['a type without an id', globalId('Task', ''), /is no id/],
  ['a UUID in upper case', globalId('Task', unknown.toUpperCase()), /is no id/],
  ['base64 without its padding', globalId('Task', unknown).replace(/=+$/, ''), /is no id/],
  ['SQL', "'; DROP TABLE tasks; --", /is no id/],
  ['the id of another type', globalId('Workspace', unknown), /is the id of a Workspace; a Task is needed here/],
];

describe.each(noIds)('%s', (_, id, says) => {
  test('is refused by a query, in a filter and in a mutation', async () => {
    await expectRefused(send(operations.TaskDocument, { id }), says);
    await expectRefused(send(operations.TasksDocument, { where: { id: { eq: id } } }), says);
    await expectRefused(send(operations.TasksDocument, { where: { or: [{ id: { in: [world.Task, id] } }] } }), says);
    await expectInvalid(updateTask({ id, title: 'x' }), 'id', says);
  });
});

describe('a node', () => {
  test.each(['Foo', 'Query', 'TaskConnection', 'Synced', 'TaskStatus', 'TaskFilter', 'String'])(
    'of type %s is none',
    async (typeName) => {
      const id = globalId(typeName, unknown);
      const says = new RegExp(`There are no nodes of type ${typeName}. Send the .id. of a row`);
      await expectRefused(send(operations.NodeDocument, { id }), says);
      await expectRefused(send(operations.NodesDocument, { ids: [world.Task, id] }), says);
    },
  );

  test('that does not exist is null, like one that may not be seen', async () => {
    const ids = [globalId('Task', unknown), cast.ADMIN.userId, world.Task];
    const { data, codes } = await send(operations.NodesDocument, { ids });
    expect([data?.nodes?.map((node) => node?.id ?? null), codes]).toEqual([[null, null, world.Task], []]);
  });

  test('is one of a hundred at most', async () => {
    const ids = Array.from({ length: 101 }, () => world.Task);
    await expectRefused(send(operations.NodesDocument, { ids }), /101 entries; at most 100/);
    expect((await send(operations.NodesDocument, { ids: ids.slice(1) })).data?.nodes).toHaveLength(100);
  });
});

describe('a page', () => {
  test.each<[string, object, RegExp]>([
    ['of a million', { first: 1_000_000 }, /`first` is 1000000; it may be 0 to 100/],
    ['of a negative size', { last: -1 }, /`last` is -1; it may be 0 to 100/],
    ['from both ends', { first: 1, last: 1 }, /exclude each other/],
    ['of half a row', { first: 1.5 }, /Int cannot represent non-integer value: 1.5/],
    ['of more rows than an Int has', { first: 2 ** 40 }, /non 32-bit signed integer/],
    ['ordered by what is no field', { orderBy: [{ field: 'PASSWORD' }] }, /does not exist in "TaskOrderField" enum/],
    ['ordered twice by one field', { orderBy: [{ field: 'TITLE' }, { field: 'TITLE' }] }, /names a field twice/],
  ])('%s is refused', (_, variables, says) => expectRefused(send(operations.TasksDocument, variables), says));

  const id = randomUUID();
  const title = [{ field: 'TITLE' }];
  const created = [{ field: 'CREATED_AT' }];
  test.each<[string, unknown, object[]]>([
    ['an empty text', '', []],
    ['no base64', '%%%', []],
    ['no JSON', Buffer.from('{').toString('base64url'), []],
    ['one of another order', cursor('priority ASC,id ASC', 1, id), title],
    ['one of another direction', cursor('title DESC,id ASC', 'a', id), title],
    ['one without its values', cursor('title ASC,id ASC'), title],
    ['one with a value of another type', cursor('title ASC,id ASC', 5, id), title],
    ['one with an object', cursor('id ASC', { not: null }), []],
    ['one with a NUL', cursor('title ASC,id ASC', 'a\0', id), title],
    ['one with null where there is none', cursor('title ASC,id ASC', null, id), title],
    ['one with no id', cursor('id ASC', 'x'), []],
    ['one before our era', cursor('createdAt ASC,id ASC', '-000044-03-15T00:00:00Z', id), created],
    ['one of the year 0', cursor('createdAt ASC,id ASC', '0000-06-01T00:00:00Z', id), created],
    ['one long after us', cursor('createdAt ASC,id ASC', '+275760-09-13T00:00:00Z', id), created],
    ['one with a number that is no Int', cursor('priority ASC,id ASC', 1e15, id), [{ field: 'PRIORITY' }]],
    ['one with a status that is none', cursor('status ASC,id ASC', 'x', id), [{ field: 'STATUS' }]],
  ])('neither begins nor ends at %s for a cursor', async (_, after, orderBy) => {
    await expectRefused(send(operations.TasksDocument, { after, orderBy }), /the cursor is not of this connection/);
    await expectRefused(send(operations.TasksDocument, { before: after, orderBy }), /the cursor is not of this/);
  });
});

function cursor(...parts: unknown[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

describe('a filter', () => {
  const nested = (depth: number): object => (depth === 0 ? {} : { not: nested(depth - 1) });
  const many = (length: number, filter: object) => ({ and: Array.from({ length }, () => filter) });
  test.each<[string, object, RegExp]>([
    ['of the wrong type', { priority: { eq: 'high' } }, /Int cannot represent/],
    ['of an unknown field', { password: { eq: 'x' } }, /"password" is not defined/],
    ['of an unknown operator', { title: { like: '%' } }, /"like" is not defined/],
    ['with null for a field', { dueAt: null }, /where.dueAt is null.*isNull: true/],
    ['with null for a value', { assigneeId: { eq: null } }, /where.assigneeId.eq is null.*isNull: true/],
    ['with null for both sides', { or: null }, /where.or is null/],
    ['11 levels deep', nested(11), /nested deeper than 10/],
    ['of 101 comparisons', many(101, { priority: { eq: 1 } }), /more than 100 comparisons/],
    ['of 201 filters that say nothing', many(200, {}), /more than 200 filters/],
    ['of 1,001 values', { title: { in: Array.from({ length: 1001 }, String) } }, /more than 1000 values/],
  ])('%s is refused', (_, where, says) => expectRefused(send(operations.TasksDocument, { where }), says));
});

describe('a field', () => {
  test('holds so many characters, not bytes and not UTF-16 units', async () => {
    expect(outcomeOf(await createTask({ title: '😀'.repeat(200), description: '👩‍💻'.repeat(6_666) }))).toBe('done');
    await expectInvalid(createTask({ title: '😀'.repeat(201) }), 'title', /has 201 characters; it must have 1 to 200/);
    await expectInvalid(createTask({ title: '' }), 'title', /has 0 characters/);
    await expectInvalid(updateTask({ description: 'x'.repeat(20_001) }), 'description', /has 20001 characters/);
    await expectInvalid(updateTask({ position: '' }), 'position', /is not a fractional index/);
  });

  test.each<[object, RegExp]>([
    [{ title: 5 }, /String cannot represent a non string value: 5/],
    [{ title: ['a'] }, /String cannot represent/],
    [{ priority: '1' }, /Int cannot represent/],
    [{ priority: 1e99 }, /Int cannot represent/],
    [{ status: 'todo' }, /does not exist in "TaskStatus" enum/],
    [{ dueAt: '2026-02-30T00:00:00Z' }, /a DateTime is an RFC 3339 text with a time zone/],
    [{ dueAt: '2026-11-23T24:00:00Z' }, /a DateTime is/],
    [{ dueAt: '2026-11-23T09:30:00' }, /a DateTime is/],
    [{ dueAt: '0000-01-01T00:00:00Z' }, /a DateTime is/],
    [{ dueAt: 1_764_000_000 }, /a DateTime is/],
    [{ mutationId: 'once' }, /a UUID is a text such as/],
    [{ owner: 'me' }, /"owner" is not defined/],
    [{ createdById: 'me' }, /"createdById" is not defined/],
    [{ version: 7 }, /"version" is not defined/],
  ])('is not taken as %j', (change, says) => expectRefused(updateTask(change), says));

  test('out of its range is named together with every other that is wrong', async () => {
    const { data } = await createTask({ title: '', priority: 5, position: '!', assigneeId: 'x' });
    const fields = ['assigneeId', 'position', 'priority', 'title'].map((path) => expect.objectContaining({ path }));
    expect(data?.createTask).toMatchObject({ __typename: 'ValidationError', fields });
  });

  test('that is absent from a whole input is asked for', async () => {
    await expectRefused(
      send(operations.CreateTaskDocument, { input: { workspaceId: world.Workspace } }),
      /Field "title" of required type "String!"/,
    );
    await expectRefused(send(operations.CreateTaskDocument, {}), /"\$input" of required type .* was not provided/);
  });
});

describe('a second sign-up with one e-mail', () => {
  test('is a conflict, in any case, also of ten at once', async () => {
    const { email } = await signUp(url, 'First');
    const signUpAs = (name: string, itsEmail: string) =>
      ask(url, null, operations.SignUpDocument, { input: { email: itsEmail, name, password } });
    expect(outcomeOf(await signUpAs('Second', email.toUpperCase()))).toBe('CONFLICT');
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => signUpAs(`Racer ${n}`, 'racer@example.com')),
    );
    expect(answers.map(outcomeOf).sort()).toEqual([...Array.from({ length: 9 }, () => 'CONFLICT'), 'done']);
    const users = await hub.database.query(`SELECT 1 FROM users WHERE email = 'racer@example.com'`);
    expect(users).toHaveLength(1);
  });
});
