import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { type Clients, createClients } from '@sync-hub/prisma/client';
import type { Query } from '@sync-hub/prisma/query';
import { ConflictError, NotFoundError, RowConflictError } from '../errors.ts';
import { comment } from '../schema/comment.ts';
import { member } from '../schema/member.ts';
import { task } from '../schema/task.ts';
import { writeGlobalId } from './global-id.ts';
import { createLook } from './look.ts';
import type { Input } from './values.ts';
import { createRow, deleteRow, updateRow } from './write.ts';
import type { WriteRequest } from './write-request.ts';

let database: TestDatabase;
let clients: Clients;
const viewer = { userId: randomUUID(), sessionId: randomUUID(), role: 'MEMBER' as const, tokenExpiresAt: new Date() };
const [home, elsewhere] = [randomUUID(), randomUUID()];
let taskId: string;
/** Statements that were sent without a transaction. */
let sent: string[];
/** What happens before the statement that writes the version that was judged, once. */
let meanwhile: (() => Promise<unknown>) | null;

beforeAll(async () => {
  database = await createTestDatabase();
  clients = createClients({ databaseUrl: database.url, maxConnections: 2 });
  await database.query(`INSERT INTO users (id, email, name, color) VALUES ($1, 'a@example.com', 'Ada', '#123456')`, [
    viewer.userId,
  ]);
  await database.query(`INSERT INTO workspaces (id, name) VALUES ($1, 'Home'), ($2, 'Elsewhere')`, [home, elsewhere]);
  await database.query(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'OWNER')`, [
    home,
    viewer.userId,
  ]);
});
beforeEach(async () => {
  taskId = randomUUID();
  await database.query(`INSERT INTO tasks (id, workspace_id, title) VALUES ($1, $2, 'Before')`, [taskId, home]);
  await database.query('DELETE FROM sync.outbox');
  sent = [];
  meanwhile = null;
});
afterAll(async () => {
  await clients?.prisma.$disconnect();
  await database?.close();
});

const query: Query = async (text, ...values) => {
  if (text.includes('xmin = ') || text.includes('INSERT INTO comments') || text.includes('INSERT INTO tasks')) {
    await meanwhile?.();
    meanwhile = null;
  }
  sent.push(text);
  return clients.query(text, ...values);
};

function call(fieldName: string, input: Input): WriteRequest {
  const { prisma } = clients;
  return {
    prisma,
    query,
    look: createLook(query),
    claimKey: new Uint8Array(32),
    viewer,
    fieldName,
    input,
    profiles: [],
  };
}
const update = (input: Input) => updateRow(task, taskId, call('updateTask', input));
/** It says something of a field that a rule asks about: the row has to be looked at first. */
const updateJudged = (input: Input) => update({ ...input, assigneeId: null });
const create = (input: Input = {}) =>
  createRow(task, call('createTask', { workspaceId: writeGlobalId('Workspace', home), title: 'New', ...input }));
const addComment = () =>
  createRow(comment, call('createComment', { taskId: writeGlobalId('Task', taskId), body: 'Yes' }));
const captured = () =>
  database.query(`SELECT op, actor, actor_session, mutation_id FROM sync.outbox WHERE "table" = 'tasks' ORDER BY id`);
const claims = (mutationId: string) =>
  database.query('SELECT result_id FROM mutation_claims WHERE mutation_id = $1', [mutationId]);

describe('where nothing has to be held', () => {
  test('a write is judged by one statement and done by another', async () => {
    expect((await updateJudged({ title: 'After', mutationId: randomUUID() })).row).toMatchObject({
      title: 'After',
      version: 2,
    });
    expect(sent).toHaveLength(2);
    expect((await addComment()).row).toMatchObject({ body: 'Yes', workspaceId: home, authorId: viewer.userId });
    // One more finds the task's workspace.
    expect(sent).toHaveLength(5);
  });

  test('it is captured with its author, session and mutationId, and the next one with its own', async () => {
    const [creation, deletion] = [randomUUID(), randomUUID()];
    await create({ mutationId: creation });
    await update({ title: 'After' });
    await deleteRow(task, taskId, call('deleteTask', { mutationId: deletion }));
    const author = { actor: viewer.userId, actor_session: viewer.sessionId };
    expect(await captured()).toEqual([
      { op: 'I', ...author, mutation_id: creation },
      { op: 'U', ...author, mutation_id: null },
      { op: 'D', ...author, mutation_id: deletion },
    ]);
  });

  test('its transactionId is the one that the log tells', async () => {
    const { transactionId } = await update({ title: 'After' });
    const rows = await database.query<{ xid: string }>('SELECT DISTINCT xid::text FROM sync.outbox');
    expect(rows).toEqual([{ xid: transactionId }]);
  });
});

test('two viewers who write in one turn are looked at together, each by his own rights, claims and row', async () => {
  const stranger = { ...viewer, userId: randomUUID(), sessionId: randomUUID() };
  const [other, mutationId] = [randomUUID(), randomUUID()];
  await database.query(`INSERT INTO users (id, email, name, color) VALUES ($1, $2, 'Eve', '#123456')`, [
    stranger.userId,
    `${stranger.userId}@example.com`,
  ]);
  await database.query(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'EDITOR')`, [
    elsewhere,
    stranger.userId,
  ]);
  await database.query(`INSERT INTO tasks (id, workspace_id, title) VALUES ($1, $2, 'Theirs')`, [other, elsewhere]);
  await update({ title: 'Claimed', mutationId });
  sent = [];
  const look = createLook(query);
  const write = (who: typeof viewer, id: string, input: Input) =>
    updateRow(task, id, { ...call('updateTask', { ...input, assigneeId: null }), look, viewer: who });
  const results = await Promise.allSettled([
    write(stranger, taskId, { title: 'Stolen' }),
    write(viewer, taskId, { title: 'After' }),
    write(viewer, other, { title: 'Stolen' }),
    // The same mutationId is another one for another viewer.
    write(stranger, other, { title: 'Theirs still', mutationId }),
  ]);
  expect(
    results.map((result) => (result.status === 'fulfilled' ? result.value.row?.['title'] : result.reason)),
  ).toEqual([expect.any(NotFoundError), 'After', expect.any(NotFoundError), 'Theirs still']);
  expect(sent).toHaveLength(3);
  expect(
    await database.query(
      `SELECT key, actor FROM sync.outbox WHERE "table" = 'tasks' AND op = 'U' ORDER BY id OFFSET 1`,
    ),
  ).toEqual(
    expect.arrayContaining([
      { key: taskId, actor: viewer.userId },
      { key: other, actor: stranger.userId },
    ]),
  );
});

test('one call sent many times at once, with others that write the same row, is done once', async () => {
  const input = { title: 'Once', mutationId: randomUUID() };
  const look = createLook(clients.query);
  const same = () => updateRow(task, taskId, { ...call('updateTask', input), look, query: clients.query });
  const another = (priority: number) =>
    updateRow(task, taskId, { ...call('updateTask', { priority }), look, query: clients.query });
  const all = await Promise.all([same(), another(1), same(), another(2), same(), another(3), same()]);
  const [first, ...retries] = all.filter((_, index) => index % 2 === 0).map(({ transactionId }) => transactionId);
  expect(retries).toEqual(retries.map(() => first));
  expect(await database.query(`SELECT FROM sync.outbox WHERE mutation_id = $1`, [input.mutationId])).toHaveLength(1);
  expect(await database.query('SELECT version, title FROM tasks WHERE id = $1', [taskId])).toEqual([
    { version: 5, title: 'Once' },
  ]);
});

describe('when another write comes between', () => {
  const other = (set: string) => () => database.query(`UPDATE tasks SET ${set} WHERE id = $1`, [taskId]);

  test('the row is judged again as it is then, and both are kept', async () => {
    meanwhile = other('priority = 3');
    const mutationId = randomUUID();
    expect((await updateJudged({ title: 'After', mutationId })).row).toMatchObject({
      title: 'After',
      priority: 3,
      version: 3,
    });
    expect(await claims(mutationId)).toEqual([{ result_id: taskId }]);
  });

  test('which took the row out of sight, nothing is written or claimed', async () => {
    meanwhile = other(`workspace_id = '${elsewhere}'`);
    const mutationId = randomUUID();
    await expect(updateJudged({ title: 'After', mutationId })).rejects.toBeInstanceOf(NotFoundError);
    expect(await database.query('SELECT title FROM tasks WHERE id = $1', [taskId])).toEqual([{ title: 'Before' }]);
    expect(await claims(mutationId)).toEqual([]);
  });

  test('an expected version is judged by it', async () => {
    meanwhile = other('priority = 3');
    await expect(updateJudged({ title: 'After', expectedVersion: 1 })).rejects.toBeInstanceOf(RowConflictError);
  });

  test('which put another row in the place of the one that was judged, that one is judged', async () => {
    meanwhile = async () => {
      await database.query('DELETE FROM tasks WHERE id = $1', [taskId]);
      await database.query(`INSERT INTO tasks (id, workspace_id, title) VALUES ($1, $2, 'Theirs')`, [
        taskId,
        elsewhere,
      ]);
    };
    await expect(updateJudged({ title: 'After' })).rejects.toBeInstanceOf(NotFoundError);
    expect(await database.query('SELECT title FROM tasks WHERE id = $1', [taskId])).toEqual([{ title: 'Theirs' }]);
  });

  test('which moved the task of a new comment, the comment goes along, or is refused', async () => {
    meanwhile = other(`workspace_id = '${elsewhere}'`);
    await expect(addComment()).rejects.toBeInstanceOf(NotFoundError);
    expect(await database.query('SELECT FROM comments WHERE task_id = $1', [taskId])).toEqual([]);
  });

  test('the same call that came first has written, and this one writes nothing', async () => {
    const input = { title: 'After', assigneeId: null, mutationId: randomUUID() };
    let first: unknown;
    meanwhile = async () => {
      first = await updateRow(task, taskId, { ...call('updateTask', input), query: clients.query });
    };
    expect(await update(input)).toEqual(first);
    expect(await captured()).toHaveLength(1);
  });

  test('the same creation that came first has written, and this one writes nothing', async () => {
    const input = { workspaceId: writeGlobalId('Workspace', home), title: 'New', mutationId: randomUUID() };
    let first: unknown;
    meanwhile = async () => {
      first = await createRow(task, { ...call('createTask', input), query: clients.query });
    };
    expect(await create(input)).toEqual(first);
    expect(await captured()).toHaveLength(1);
  });
});

test('what the database refuses is said as ever, and keeps its connection', async () => {
  for (let i = 0; i < 5; i += 1) await expect(create({ id: taskId })).rejects.toBeInstanceOf(ConflictError);
  const backends = await clients.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await expect(create({ id: taskId })).rejects.toBeInstanceOf(ConflictError);
  expect(await clients.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).toEqual(backends);
});

test('what a rule has to hold until the write is left to a transaction', async () => {
  const assigneeId = writeGlobalId('User', viewer.userId);
  expect((await update({ assigneeId })).row).toMatchObject({ assigneeId: viewer.userId });
  expect(sent).toHaveLength(1);
  const [own] = await database.query<{ id: string }>('SELECT id FROM members WHERE workspace_id = $1', [home]);
  await expect(updateRow(member, own?.id ?? '', call('updateMember', { role: 'VIEWER' }))).rejects.toThrow();
  expect(await database.query('SELECT role FROM members WHERE workspace_id = $1', [home])).toEqual([{ role: 'OWNER' }]);
});
