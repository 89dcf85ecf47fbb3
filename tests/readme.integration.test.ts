import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePorts } from '@sync-hub/dev/free-ports';
import { type Hub, startHub, testJwtSecret } from '@sync-hub/dev/hub';
import { type HubProcess, startHubProcess } from '@sync-hub/dev/hub-process';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { seed } from '@sync-hub/prisma/seed';
import { createSchemaEngine } from '@sync-hub/prisma/testing/schema-engine';
import { parse } from 'graphql';
import pg from 'pg';
import { codeBlock } from './markdown.ts';
import { askText, createWorkspace, personWith, signUp } from './person.ts';
import { copyProject, type ProjectCopy } from './project-copy.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const block = (language: string, text: string) => codeBlock(readme, language, text);

interface Frame {
  readonly cursor?: string;
  readonly transaction: { readonly transactionId: string; readonly actor?: { readonly name: string } | null } | null;
  readonly changes: readonly {
    readonly operation: string;
    readonly row: { readonly title?: string; readonly body?: string; readonly version: number } | null;
  }[];
}
/** A subscription of the README, whose frames come under `Field`. */
type Subscription<Field extends string> = TypedDocumentNode<Record<Field, Frame>, object>;

let hub: Hub;

beforeAll(async () => {
  hub = await startHub();
}, 60_000);
afterAll(() => hub?.close());

test('"A first query, a first subscription", pasted from top to bottom, shows Ada every change of her tasks', async () => {
  const [url = ''] = hub.urls;
  await seed(hub.database.url);

  type SignIn = { signIn: { accessToken: string; user: { name: string } } };
  const { data: signedIn } = await askText<SignIn>(url, null, block('graphql', 'mutation SignIn'), {});
  expect(signedIn?.signIn.user.name).toBe('Ada');
  const { Authorization: header } = JSON.parse(block('json', 'Authorization')) as { Authorization: string };
  expect(header).toBe('Bearer …');
  const accessToken = signedIn?.signIn.accessToken ?? '';
  const ada = personWith(url, 'ada@example.com', {
    accessToken,
    refreshToken: '',
    user: { id: '' },
    session: { id: '' },
  });

  type Tasks = { tasks: { nodes: readonly { id: string; status: string }[] } };
  const { data: read } = await askText<Tasks>(url, accessToken, block('graphql', 'query Tasks'), {});
  const tasks = read?.tasks.nodes ?? [];
  expect(new Set(tasks.map(({ status }) => status))).toEqual(new Set(['TODO', 'DOING', 'DONE']));

  const subscription: Subscription<'taskChanges'> = parse(block('graphql', 'subscription TaskChanges'));
  const following = await ada.follow(subscription, 'taskChanges', {});
  expect(following.opening.changes).toEqual([]);

  type Rename = { updateTask: { transactionId: string; task: { title: string } } };
  const rename = block('graphql', 'mutation Rename');
  const { data: renamed } = await askText<Rename>(url, accessToken, rename, { id: tasks[0]?.id });
  const [first] = await following.take(1);
  expect(first?.transaction).toMatchObject({
    transactionId: renamed?.updateTask.transactionId,
    actor: { name: 'Ada' },
  });
  expect(first?.changes.map(({ operation, row }) => [operation, row?.title])).toEqual([
    ['UPDATED', renamed?.updateTask.task.title],
  ]);

  await hub.database.query(block('sql', 'UPDATE tasks'));
  const [, second] = await following.take(2);
  expect(second?.transaction?.actor).toBeNull();
  expect(second?.changes).toHaveLength(tasks.filter(({ status }) => status !== 'DONE').length);
  expect(following.frames).toHaveLength(2);

  const board: Subscription<'watchTasks'> = parse(block('graphql', 'subscription Board'));
  const { opening } = await ada.follow(board, 'watchTasks', {});
  expect(opening).toMatchObject({ reset: true, upToDate: true });
  expect(opening.changes).toHaveLength(tasks.filter(({ status }) => status === 'TODO').length);
  const { opening: again } = await ada.follow(board, 'watchTasks', { after: opening.cursor });
  expect(again).toMatchObject({ reset: false, upToDate: true, changes: [] });
  await ada.leave();
}, 30_000);

describe('"A table of your own", done as it says in a copy of the project', () => {
  let copy: ProjectCopy;
  let api: HubProcess;
  let url: string;

  beforeAll(async () => {
    copy = copyProject(await createTestFolder());
    const prismaBlock = block('prisma', 'model Note');
    const line = /^model Workspace \{\n(.*?)^\}\n\n/ms.exec(prismaBlock)?.[1] ?? '';
    copy.replace('prisma/schema.prisma', 'model Workspace {\n', `model Workspace {\n${line}`);
    copy.append('prisma/schema.prisma', prismaBlock.slice(prismaBlock.indexOf('model Note')));

    const migration = /`(prisma\/migrations\/\d+_notes\/migration\.sql)`/.exec(readme)?.[1] ?? '';
    copy.write(migration, block('sql', 'CREATE TABLE notes'));

    copy.write('api/src/schema/note.ts', block('ts', 'defineModel'));
    const [importLine = '', modelsLine = ''] = block('ts', 'readonly Model[]').trimEnd().split('\n\n');
    copy.replace('api/src/schema/models.ts', /^export const models.*$/m, modelsLine);
    copy.replace('api/src/schema/models.ts', /^/, `${importLine}\n`);

    await copy.build(['prisma', 'api']);
    const [port = 0] = await freePorts(1);
    const env = { DATABASE_URL: hub.database.url, JWT_SECRET: testJwtSecret, PORT: String(port) };
    expect(await copy.run('prisma/dist/migrate-main.js', env)).toContain('1 applied.');
    api = startHubProcess({ name: 'api', main: join(copy.root, 'api/dist/main.js'), env, port, print() {} });
    await api.ready();
    url = `http://127.0.0.1:${port}`;
  }, 180_000);
  afterAll(() => api?.close(), 30_000);

  test('a note is created, followed and deleted through the API', async () => {
    const ann = await signUp(url, 'Ann');
    const ben = await signUp(url, 'Ben');
    const input = { workspaceId: await createWorkspace(ann), body: 'Milk', pinned: true };
    const subscription: Subscription<'noteChanges'> = parse(block('graphql', 'subscription PinnedNotes'));
    const [anns, bens] = await Promise.all([ann, ben].map((person) => person.follow(subscription, 'noteChanges', {})));
    const told = async (count: number) => (await anns?.take(count))?.[count - 1]?.changes;

    const create = `mutation ($input: CreateNoteInput!) {
      createNote(input: $input) { ... on CreateNotePayload { note { id workspace { name } } } }
    }`;
    type Created = { createNote: { note: { id: string; workspace: { name: string } } } };
    const { data, messages } = await askText<Created>(url, ann.accessToken, create, { input });
    expect([messages, data?.createNote.note.workspace.name]).toEqual([[], 'Home']);
    const id = data?.createNote.note.id;
    expect(await told(1)).toEqual([{ operation: 'CREATED', key: id, row: { body: 'Milk', version: 1 } }]);

    await hub.database.query(`UPDATE notes SET body = 'Oat milk'`);
    expect(await told(2)).toEqual([{ operation: 'UPDATED', key: id, row: { body: 'Oat milk', version: 2 } }]);

    const remove = `mutation ($id: ID!) { deleteNote(input: { id: $id }) { __typename } }`;
    const { data: removed } = await askText(url, ann.accessToken, remove, { id });
    expect(removed).toEqual({ deleteNote: { __typename: 'DeleteNotePayload' } });
    expect(await told(3)).toEqual([{ operation: 'DELETED', key: id, row: null }]);
    expect(bens?.frames).toEqual([]);
    await Promise.all([ann.leave(), ben.leave()]);
  }, 30_000);

  test('the model and the migration describe the same table, as Prisma sees it', async () => {
    const pool = new pg.Pool({ connectionString: hub.database.url, max: 1 });
    const engine = await createSchemaEngine(pool);
    expect(await engine.diff(copy.read('prisma/schema.prisma'))).toBeNull();
    await pool.end();
  }, 30_000);
});
