import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import {
  buildSchema,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  getNamedType,
  isInputObjectType,
  isScalarType,
} from 'graphql';
import { type Cast, createCast, createWorld, membersOf, type World } from './cast.ts';
import { askText, password, uuidOf } from './person.ts';
import { expectRefusal, watchOver } from './refusals.ts';

const schema = buildSchema(readFileSync(new URL('../api/schema.graphql', import.meta.url), 'utf8'));

const sql = [
  "'; DROP TABLE tasks; --",
  `" OR 1=1 --`,
  "%' OR ''='",
  "\\'; SELECT pg_sleep(60); --",
  '$1',
  "E'\\\\x00'",
];
const unstorable = ['a\0b', '\ud800', 'a\udc00b', `${'x'.repeat(50)}\0`];

let hub: Hub;
let expectUnharmed: () => Promise<void>;
let cast: Cast;
let world: World;

beforeAll(async () => {
  const unlimited = '100000';
  hub = await startHub({
    env: {
      SIGN_UPS_PER_CLIENT_PER_HOUR: unlimited,
      SIGN_IN_FAILURES_PER_CLIENT_PER_HOUR: unlimited,
      SIGN_IN_FAILURES_PER_EMAIL_PER_HOUR: unlimited,
      SIGN_IN_FAILURES_PER_EMAIL_AND_CLIENT_PER_HOUR: unlimited,
      REFRESH_FAILURES_PER_CLIENT_PER_HOUR: unlimited,
    },
  });
  expectUnharmed = watchOver(hub);
  cast = await createCast(hub.database, hub.urls[0] ?? '');
  // OWNER may then try everything.
  await hub.database.query(`UPDATE users SET role = 'ADMIN' WHERE id = $1`, [uuidOf(cast.OWNER.userId)]);
  world = await createWorld(hub.database, membersOf(cast), cast.SELF);
}, 60_000);
afterEach(() => expectUnharmed());
afterAll(() => hub?.close(), 30_000);

/** Sends a document as somebody who may do everything, and checks that it is answered, or refused for the sender's own mistake. */
async function expectNoFault(query: string, variables: object): Promise<unknown> {
  const { data, codes, messages } = await askText<Record<string, unknown>>(
    hub.urls[0] ?? '',
    cast.OWNER.accessToken,
    query,
    variables,
  );
  if (codes.length > 0)
    expectRefusal(messages.map((message, n) => ({ message, extensions: { code: codes[n] ?? '' } })));
  return Object.values(data ?? {})[0];
}

const mutations = Object.values(schema.getMutationType()?.getFields() ?? {}).filter(({ args }) => args.length > 0);

/** The right value for every field that some input needs. */
function rightValue(mutation: string, field: GraphQLInputField): unknown {
  const ids: Readonly<Record<string, string>> = { workspaceId: world.Workspace, taskId: world.Task };
  const values: Readonly<Record<string, unknown>> = {
    id: Object.entries(world).find(([model]) => mutation.endsWith(model))?.[1],
    email: `${randomUUID()}@example.com`,
    name: 'Name',
    title: 'Title',
    body: 'Body',
    role: 'VIEWER',
    refreshToken: 'x'.repeat(43),
    ...ids,
  };
  return /password/i.test(field.name) ? password : values[field.name];
}

function inputOf(mutation: (typeof mutations)[number]): GraphQLInputObjectType {
  const type = getNamedType(mutation.args[0]?.type);
  if (!isInputObjectType(type)) throw new Error(`${mutation.name} has no input`);
  return type;
}

describe.each(mutations.map((mutation) => [mutation.name, mutation] as const))('%s', (name, mutation) => {
  const type = inputOf(mutation);
  const texts = Object.values(type.getFields()).filter(({ type: field }) => isScalarType(getNamedType(field)));
  const query = `mutation ($input: ${type.name}!) { ${name}(input: $input) { __typename ... on UserError { code message } } }`;

  /** Puts the text into each field in turn, the others being right. */
  async function results(text: string): Promise<unknown[]> {
    const needed = Object.values(type.getFields()).filter((field) => String(field.type).endsWith('!'));
    return Promise.all(
      texts.map((field) => {
        const right = Object.fromEntries(needed.map((other) => [other.name, rightValue(name, other)]));
        return expectNoFault(query, { input: { ...right, [field.name]: text } });
      }),
    );
  }

  test('takes SQL in any field for a text, or refuses it', async () => {
    for (const text of sql) await results(text);
  });

  test('never takes what no row can hold', async () => {
    for (const text of unstorable) {
      const taken = (await results(text)).filter((result) => !JSON.stringify(result ?? 'Error').includes('Error'));
      // A password is not kept: whatever can be typed may be one, but for halves of characters.
      expect(taken.length).toBeLessThanOrEqual(text.includes('\0') && name === 'signUp' ? 1 : 0);
    }
  });
});

const connections = Object.values(schema.getQueryType()?.getFields() ?? {}).filter(({ args }) =>
  args.some((arg) => arg.name === 'where'),
);

describe.each(connections.map(({ name, args }) => [name, args] as const))('%s', (name, args) => {
  const whereType = args.find((arg) => arg.name === 'where')?.type;
  const filter = getNamedType(whereType) as GraphQLInputObjectType;
  const query = `query ($where: ${filter.name}) { ${name}(where: $where) { nodes { id } } }`;

  test('takes any text in any filter and cursor for a text, or refuses it', async () => {
    const operators = Object.values(filter.getFields()).flatMap((field) => {
      const type = getNamedType(field.type);
      if (!isInputObjectType(type) || type === filter) return [];
      return Object.keys(type.getFields()).map((operator) => [field.name, operator] as const);
    });
    expect(operators.length).toBeGreaterThan(0);
    for (const text of [...sql.slice(0, 2), ...unstorable.slice(0, 2)])
      await Promise.all([
        ...operators.map(([field, operator]) =>
          expectNoFault(query, { where: { [field]: { [operator]: operator === 'in' ? [text] : text } } }),
        ),
        expectNoFault(`query ($after: String) { ${name}(after: $after) { nodes { id } } }`, { after: text }),
        expectNoFault(`query ($id: ID!) { node(id: $id) { id } }`, { id: text }),
      ]);
  });
});

test('a text is stored and found as it was sent', async () => {
  for (const title of sql) {
    const create = `mutation ($input: CreateTaskInput!) { createTask(input: $input) { ... on CreateTaskPayload { task { title } } } }`;
    const created = await expectNoFault(create, { input: { workspaceId: world.Workspace, title } });
    expect(created).toEqual({ task: { title } });
    const query = `query ($where: TaskFilter) { tasks(where: $where) { nodes { title } } }`;
    const exactly = { workspaceId: { eq: world.Workspace }, title: { contains: title, startsWith: title, eq: title } };
    const { nodes } = (await expectNoFault(query, { where: exactly })) as { nodes: { title: string }[] };
    expect(new Set(nodes.map((node) => node.title))).toEqual(new Set([title]));
  }
});
