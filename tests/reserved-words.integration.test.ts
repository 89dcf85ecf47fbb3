import { join } from 'node:path';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePorts } from '@sync-hub/dev/free-ports';
import { type Hub, startHub, testJwtSecret } from '@sync-hub/dev/hub';
import { type HubProcess, startHubProcess } from '@sync-hub/dev/hub-process';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { parse } from 'graphql';
import { createWorkspace, type Person, signUp } from './person.ts';
import { copyProject } from './project-copy.ts';

// Names that SQL keeps for itself, where not only Prisma writes them: as columns, and as a table.

const prismaModel = `
model Step {
  id          String    @id @default(dbgenerated("gen_random_uuid()")) @db.Uuid
  version     Int       @default(1)
  createdAt   DateTime  @default(now()) @map("created_at") @db.Timestamptz(3)
  updatedAt   DateTime  @default(now()) @map("updated_at") @db.Timestamptz(3)
  workspaceId String    @map("workspace_id") @db.Uuid
  order       Int
  group       String
  user        String?   @db.Uuid

  @@map("order")
}
`;

const migration = `
CREATE TABLE "order" (
  id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  version      integer NOT NULL DEFAULT 1,
  created_at   timestamptz(3) NOT NULL DEFAULT now(),
  updated_at   timestamptz(3) NOT NULL DEFAULT now(),
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  "order"      integer NOT NULL,
  "group"      text COLLATE "pg_unicode_fast" NOT NULL,
  "user"       uuid REFERENCES users
);
SELECT sync.track('"order"', 'workspace_id');
`;

const declaration = `
import { anyOf, memberOf, own } from '../authority/rules.ts';
import { integer, reference, text } from '../model/field.ts';
import { defineModel } from '../model/model.ts';

export const step = defineModel({
  name: 'Step',
  plural: 'steps',
  table: '"order"',
  description: 'A step.',
  workspace: 'workspaceId',
  fields: {
    workspaceId: reference('Workspace', { create: 'required', update: true, filter: true }),
    order: integer({ create: 'required', update: true, filter: true, order: true }),
    group: text({ create: 'required', update: true, max: 10, filter: true, order: true }),
    user: reference('User', { create: 'optional', update: true, nullable: true }),
  },
  policy: { read: memberOf('workspaceId'), create: memberOf('workspaceId'), update: anyOf(own('user'), memberOf('workspaceId')), delete: memberOf('workspaceId') },
});
`;

interface Frame {
  readonly changes: readonly { readonly operation: string; readonly row: { readonly order: number } | null }[];
}

let hub: Hub;
let api: HubProcess;
let ann: Person;
let workspaceId: string;

beforeAll(async () => {
  hub = await startHub({ apis: 0 });
  const copy = copyProject(await createTestFolder());
  copy.append('prisma/schema.prisma', prismaModel);
  copy.write('prisma/migrations/20270101000000_steps/migration.sql', migration);
  copy.write('api/src/schema/step.ts', declaration);
  copy.replace('api/src/schema/models.ts', 'comment];', 'comment, step];');
  copy.replace('api/src/schema/models.ts', /^/, `import { step } from './step.ts';\n`);
  await copy.build(['prisma', 'api']);
  const [port = 0] = await freePorts(1);
  const env = { DATABASE_URL: hub.database.url, JWT_SECRET: testJwtSecret, PORT: String(port) };
  await copy.run('prisma/dist/migrate-main.js', env);
  api = startHubProcess({ name: 'api', main: join(copy.root, 'api/dist/main.js'), env, port, print() {} });
  await api.ready();
  ann = await signUp(`http://127.0.0.1:${port}`, 'Ann');
  workspaceId = await createWorkspace(ann);
}, 180_000);
afterAll(async () => {
  await ann?.leave();
  await api?.close();
  await hub?.close();
}, 30_000);

type Watch = TypedDocumentNode<{ watchSteps: Frame }, object>;
type Changes = TypedDocumentNode<{ stepChanges: Frame }, object>;

test('a model whose fields and table are called by words of SQL is written, read, filtered and followed as any other', async () => {
  const where = { order: { gte: 2 }, group: { eq: 'first' } };
  const selection = '{ changes { operation row { order } } }';
  const changes: Changes = parse(`subscription ($where: StepFilter) { stepChanges(where: $where) ${selection} }`);
  const { take } = await ann.follow(changes, 'stepChanges', { where });
  const told = async (count: number) =>
    (await take(count)).at(-1)?.changes.map(({ operation, row }) => [operation, row?.order]);

  const create = parse(`mutation ($input: CreateStepInput!) {
    createStep(input: $input) { ... on CreateStepPayload { step { id order group user } } }
  }`) as TypedDocumentNode<{ createStep: { step: { id: string } } }, object>;
  const input = { workspaceId, order: 2, group: 'first' };
  const { step } = (await ann.request(create, { input })).createStep;
  expect(step).toMatchObject({ order: 2, group: 'first', user: null });
  expect(await told(1)).toEqual([['CREATED', 2]]);

  const update = parse(`mutation ($input: UpdateStepInput!) {
    updateStep(input: $input) { ... on UpdateStepPayload { step { order user } } }
  }`) as TypedDocumentNode<{ updateStep: { step: object } }, object>;
  const updated = await ann.request(update, { input: { id: step.id, order: 3, group: 'first' } });
  expect(updated.updateStep.step).toEqual({ order: 3, user: null });
  expect(await told(2)).toEqual([['UPDATED', 3]]);
  // It says of whom the row is, which the policy asks: it is judged before it is written.
  const judged = await ann.request(update, { input: { id: step.id, order: 4, user: ann.userId } });
  expect(judged.updateStep.step).toEqual({ order: 4, user: ann.userId });
  expect(await told(3)).toEqual([['UPDATED', 4]]);

  const read = parse(`query ($where: StepFilter) {
    steps(where: $where, orderBy: [{ field: GROUP }, { field: ORDER }]) { nodes { id order } }
  }`) as TypedDocumentNode<{ steps: { nodes: readonly object[] } }, object>;
  expect((await ann.request(read, { where })).steps.nodes).toEqual([{ id: step.id, order: 4 }]);
  expect((await ann.request(read, { where: { order: { lt: 4 } } })).steps.nodes).toEqual([]);
  const watch: Watch = parse(`subscription ($where: StepFilter) { watchSteps(where: $where) ${selection} }`);
  const { opening } = await ann.follow(watch, 'watchSteps', { where });
  expect(opening.changes.map(({ row }) => row?.order)).toEqual([4]);

  const remove = parse(`mutation ($input: DeleteStepInput!) { deleteStep(input: $input) { __typename } }`);
  const removed = await ann.request(remove, { input: { id: step.id } });
  expect(removed).toEqual({ deleteStep: { __typename: 'DeleteStepPayload' } });
  expect(await told(4)).toEqual([['DELETED', undefined]]);
});
