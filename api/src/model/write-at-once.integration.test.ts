import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ConflictError, NotFoundError, RowConflictError } from '../errors.ts';
import { comment } from '../schema/comment.ts';
import { member } from '../schema/member.ts';
import { task } from '../schema/task.ts';
import { workspace } from '../schema/workspace.ts';
import { writeGlobalId } from './global-id.ts';
import { createLook } from './look.ts';
import { insert } from './statement.ts';
import { createWriter, elsewhere, home, openSession, viewer, type Writer } from './testing/writer.ts';
import type { Input } from './values.ts';
import { createRow, deleteRow, updateRow } from './write.ts';

let writer: Writer;
let taskId: string;
/** What happens before the statement that writes the version that was judged, once. */
let meanwhile: (() => Promise<unknown>) | null;

beforeAll(async () => {
  writer = await createWriter(async (text) => {
    if (text.includes('xmin = ') || text.includes('INSERT INTO comments') || text.includes('INSERT INTO tasks')) {
      await meanwhile?.();
      meanwhile = null;
    }
  });
});
beforeEach(async () => {
  taskId = await writer.newTask();
  meanwhile = null;
});
afterAll(() => writer?.close());

const update = (input: Input) => updateRow(task, taskId, writer.call('updateTask', input));
/** It says something of a field that a rule asks about: the row has to be looked at first. */
const updateJudged = (input: Input) => update({ ...input, assigneeId: null });
const create = (input: Input = {}) =>
  createRow(task, writer.call('createTask', { workspaceId: writeGlobalId('Workspace', home), title: 'New', ...input }));
const addComment = () =>
  createRow(comment, writer.call('createComment', { taskId: writeGlobalId('Task', taskId), body: 'Yes' }));
const captured = () =>
  writer.database.query(
    `SELECT op, actor, actor_session, mutation_id FROM sync.outbox WHERE "table" = 'tasks' ORDER BY id`,
  );

describe('where nothing has to be held', () => {
  test('a write is judged by one statement and done by another', async () => {
    expect((await updateJudged({ title: 'After', mutationId: randomUUID() })).row).toMatchObject({
      title: 'After',
      version: 2,
    });
    expect(writer.sent).toHaveLength(2);
    expect((await addComment()).row).toMatchObject({ body: 'Yes', workspaceId: home, authorId: viewer.userId });
    // One more finds the task's workspace.
    expect(writer.sent).toHaveLength(5);
  });

  test('it is captured with its author, session and mutationId, and the next one with its own', async () => {
    const [creation, deletion] = [randomUUID(), randomUUID()];
    await create({ mutationId: creation });
    await update({ title: 'After' });
    await deleteRow(task, taskId, writer.call('deleteTask', { mutationId: deletion }));
    const author = { actor: viewer.userId, actor_session: viewer.sessionId };
    expect(await captured()).toEqual([
      { op: 'I', ...author, mutation_id: creation },
      { op: 'U', ...author, mutation_id: null },
      { op: 'D', ...author, mutation_id: deletion },
    ]);
  });

  test('its transactionId is the one that the log tells', async () => {
    const { transactionId } = await update({ title: 'After' });
    const rows = await writer.database.query<{ xid: string }>('SELECT DISTINCT xid::text FROM sync.outbox');
    expect(rows).toEqual([{ xid: transactionId }]);
  });
});

test('two viewers who write in one turn are looked at together, each by his own rights, claims and row', async () => {
  const stranger = { ...viewer, userId: randomUUID(), sessionId: randomUUID() };
  const [other, mutationId] = [randomUUID(), randomUUID()];
  await writer.database.query(`INSERT INTO users (id, email, name, color) VALUES ($1, $2, 'Eve', '#123456')`, [
    stranger.userId,
    `${stranger.userId}@example.com`,
  ]);
  await openSession(writer.database, stranger);
  await writer.database.query(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'EDITOR')`, [
    elsewhere,
    stranger.userId,
  ]);
  await writer.database.query(`INSERT INTO tasks (id, workspace_id, title) VALUES ($1, $2, 'Theirs')`, [
    other,
    elsewhere,
  ]);
  await update({ title: 'Claimed', mutationId });
  writer.sent.length = 0;
  // One, so that they are looked at together.
  const { look } = writer.call('updateTask', {});
  const write = (who: typeof viewer, id: string, input: Input) =>
    updateRow(task, id, { ...writer.call('updateTask', { ...input, assigneeId: null }, who), look });
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
  expect(writer.sent).toHaveLength(3);
  expect(
    await writer.database.query(
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
  const look = createLook(writer.clients.query);
  const same = () =>
    updateRow(task, taskId, { ...writer.call('updateTask', input), look, query: writer.clients.query });
  const another = (priority: number) =>
    updateRow(task, taskId, { ...writer.call('updateTask', { priority }), look, query: writer.clients.query });
  const all = await Promise.all([same(), another(1), same(), another(2), same(), another(3), same()]);
  const [first, ...retries] = all.filter((_, index) => index % 2 === 0).map(({ transactionId }) => transactionId);
  expect(retries).toEqual(retries.map(() => first));
  expect(
    await writer.database.query(`SELECT FROM sync.outbox WHERE mutation_id = $1`, [input.mutationId]),
  ).toHaveLength(1);
  expect(await writer.database.query('SELECT version, title FROM tasks WHERE id = $1', [taskId])).toEqual([
    { version: 5, title: 'Once' },
  ]);
});

describe('for a session that has ended', () => {
  const revoke = () =>
    writer.database.query('UPDATE sessions SET revoked_at = now() WHERE id = $1', [viewer.sessionId]);
  const expire = () =>
    writer.database.query("UPDATE sessions SET expires_at = now() - interval '1 s' WHERE id = $1", [viewer.sessionId]);
  const remove = () => writer.database.query('DELETE FROM sessions WHERE id = $1', [viewer.sessionId]);
  const ends = [
    ['was revoked', revoke],
    ['has expired', expire],
    ['is gone', remove],
  ] as const;
  const writes: readonly [string, (mutationId: string | null) => Promise<unknown>][] = [
    ['an update that is judged as it is written', (mutationId) => update({ title: 'After', mutationId })],
    ['an update that is judged before', (mutationId) => updateJudged({ title: 'After', mutationId })],
    ['a creation', (mutationId) => create({ mutationId })],
    ['a deletion', (mutationId) => deleteRow(task, taskId, writer.call('deleteTask', { mutationId }))],
  ];
  afterEach(() => openSession(writer.database, viewer));

  test.each(ends.flatMap(([why, end]) => writes.map(([what, write]) => [what, why, write, end] as const)))(
    '%s is refused when it %s, and nothing is written or claimed',
    async (_, __, write, end) => {
      await end();
      for (const mutationId of [null, randomUUID()]) {
        await expect(write(mutationId)).rejects.toMatchObject({ extensions: { code: 'SESSION_REVOKED' } });
        if (mutationId !== null) expect(await writer.claims(mutationId)).toEqual([]);
      }
      expect(await captured()).toEqual([]);
    },
  );

  test('a transaction is refused, too, though an earlier write of its request had a live one', async () => {
    const request = writer.call('createWorkspace', { name: 'New' });
    request.session.proved();
    await revoke();
    await expect(createRow(workspace, request)).rejects.toMatchObject({ extensions: { code: 'SESSION_REVOKED' } });
    expect(await writer.database.query("SELECT FROM workspaces WHERE name = 'New'")).toEqual([]);
  });

  test('it is refused also when that ended after the look', async () => {
    meanwhile = revoke;
    await expect(updateJudged({ title: 'After' })).rejects.toMatchObject({ extensions: { code: 'SESSION_REVOKED' } });
    expect(await captured()).toEqual([]);
  });

  test("somebody else's is of no use", async () => {
    const thief = { ...viewer, userId: randomUUID() };
    const call = writer.call('createTask', { workspaceId: writeGlobalId('Workspace', home), title: 'Stolen' }, thief);
    await expect(insert(task, { id: randomUUID(), workspaceId: home, title: 'Stolen' }, call)).resolves.toBeNull();
    expect(await captured()).toEqual([]);
  });
});

describe('when another write comes between', () => {
  const other = (set: string) => () => writer.database.query(`UPDATE tasks SET ${set} WHERE id = $1`, [taskId]);

  test('the row is judged again as it is then, and both are kept', async () => {
    meanwhile = other('priority = 3');
    const mutationId = randomUUID();
    expect((await updateJudged({ title: 'After', mutationId })).row).toMatchObject({
      title: 'After',
      priority: 3,
      version: 3,
    });
    expect(await writer.claims(mutationId)).toEqual([{ result_id: taskId }]);
  });

  test('which took the row out of sight, nothing is written or claimed', async () => {
    meanwhile = other(`workspace_id = '${elsewhere}'`);
    const mutationId = randomUUID();
    await expect(updateJudged({ title: 'After', mutationId })).rejects.toBeInstanceOf(NotFoundError);
    expect(await writer.database.query('SELECT title FROM tasks WHERE id = $1', [taskId])).toEqual([
      { title: 'Before' },
    ]);
    expect(await writer.claims(mutationId)).toEqual([]);
  });

  test('an expected version is judged by it', async () => {
    meanwhile = other('priority = 3');
    await expect(updateJudged({ title: 'After', expectedVersion: 1 })).rejects.toBeInstanceOf(RowConflictError);
  });

  test('which put another row in the place of the one that was judged, that one is judged', async () => {
    meanwhile = async () => {
      await writer.database.query('DELETE FROM tasks WHERE id = $1', [taskId]);
      await writer.database.query(`INSERT INTO tasks (id, workspace_id, title) VALUES ($1, $2, 'Theirs')`, [
        taskId,
        elsewhere,
      ]);
    };
    await expect(updateJudged({ title: 'After' })).rejects.toBeInstanceOf(NotFoundError);
    expect(await writer.database.query('SELECT title FROM tasks WHERE id = $1', [taskId])).toEqual([
      { title: 'Theirs' },
    ]);
  });

  test('which moved the task of a new comment, the comment goes along, or is refused', async () => {
    meanwhile = other(`workspace_id = '${elsewhere}'`);
    await expect(addComment()).rejects.toBeInstanceOf(NotFoundError);
    expect(await writer.database.query('SELECT FROM comments WHERE task_id = $1', [taskId])).toEqual([]);
  });

  test('the same call that came first has written, and this one writes nothing', async () => {
    const input = { title: 'After', assigneeId: null, mutationId: randomUUID() };
    let first: unknown;
    meanwhile = async () => {
      first = await updateRow(task, taskId, { ...writer.call('updateTask', input), query: writer.clients.query });
    };
    expect(await update(input)).toEqual(first);
    expect(await captured()).toHaveLength(1);
  });

  test('the same creation that came first has written, and this one writes nothing', async () => {
    const input = { workspaceId: writeGlobalId('Workspace', home), title: 'New', mutationId: randomUUID() };
    let first: unknown;
    meanwhile = async () => {
      first = await createRow(task, { ...writer.call('createTask', input), query: writer.clients.query });
    };
    expect(await create(input)).toEqual(first);
    expect(await captured()).toHaveLength(1);
  });
});

test('what the database refuses is said as ever, and keeps its connection', async () => {
  for (let i = 0; i < 5; i += 1) await expect(create({ id: taskId })).rejects.toBeInstanceOf(ConflictError);
  const backends = await writer.clients.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await expect(create({ id: taskId })).rejects.toBeInstanceOf(ConflictError);
  expect(await writer.clients.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).toEqual(backends);
});

test('what a rule has to hold until the write is left to a transaction', async () => {
  const assigneeId = writeGlobalId('User', viewer.userId);
  expect((await update({ assigneeId })).row).toMatchObject({ assigneeId: viewer.userId });
  expect(writer.sent).toHaveLength(1);
  const [own] = await writer.database.query<{ id: string }>('SELECT id FROM members WHERE workspace_id = $1', [home]);
  await expect(updateRow(member, own?.id ?? '', writer.call('updateMember', { role: 'VIEWER' }))).rejects.toThrow();
  expect(await writer.database.query('SELECT role FROM members WHERE workspace_id = $1', [home])).toEqual([
    { role: 'OWNER' },
  ]);
});
