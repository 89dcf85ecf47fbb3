import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import { signedIn } from '../authority/rules.ts';
import { ForbiddenError, NotFoundError, RowConflictError } from '../errors.ts';
import { comment } from '../schema/comment.ts';
import { task } from '../schema/task.ts';
import { user } from '../schema/user.ts';
import { atHand } from './at-hand.ts';
import { rowFromFields } from './record-row.ts';
import { createWriter, elsewhere, home, viewer, type Writer } from './testing/writer.ts';
import type { Input } from './values.ts';
import { deleteRow, updateRow } from './write.ts';

let writer: Writer;
let taskId: string;

beforeAll(async () => {
  writer = await createWriter();
});
beforeEach(async () => {
  taskId = await writer.newTask();
});
afterAll(() => writer?.close());

const update = (input: Input) => updateRow(task, taskId, writer.call('updateTask', input));
const captured = () => writer.database.query(`SELECT FROM sync.outbox WHERE "table" = 'tasks'`);

test('one that cannot change what policies say is judged by the very statement that writes', async () => {
  expect((await update({ title: 'After', mutationId: randomUUID() })).row).toMatchObject({
    title: 'After',
    version: 2,
  });
  expect(writer.sent).toHaveLength(1);
  expect((await update({ priority: 2, expectedVersion: 2 })).row).toMatchObject({ title: 'After', priority: 2 });
  expect(writer.sent).toHaveLength(2);
  expect(await deleteRow(task, taskId, writer.call('deleteTask', {}))).toMatchObject({ id: taskId, row: null });
  expect(writer.sent).toHaveLength(3);
  expect(await writer.database.query('SELECT FROM tasks WHERE id = $1', [taskId])).toEqual([]);
});

test('it gives the profiles that are asked for beside the row, as far as there are any', async () => {
  const profiles = ['assignee', 'createdBy'].map((field) => ({
    field,
    from: task,
    reference: `${field}Id`,
    to: user,
  }));
  await writer.database.query('UPDATE tasks SET assignee_id = $1 WHERE id = $2', [viewer.userId, taskId]);
  const { row } = await updateRow(task, taskId, { ...writer.call('updateTask', { title: 'After' }), profiles });
  if (row === null) throw new Error('no row');
  const [read] = await writer.clients.prisma.user.findMany({ where: { id: viewer.userId } });
  expect(atHand(row, 'assignee')).toEqual(rowFromFields(user, { ...read }));
  expect(atHand(row, 'createdBy')).toBeUndefined();
  expect(writer.sent).toHaveLength(1);
});

test('it says why it writes nothing, and has claimed nothing', async () => {
  const mutationId = randomUUID();
  await expect(update({ title: 'After', expectedVersion: 7, mutationId })).rejects.toBeInstanceOf(RowConflictError);
  await writer.database.query(`UPDATE members SET role = 'VIEWER' WHERE workspace_id = $1`, [home]);
  await expect(update({ title: 'After', mutationId })).rejects.toBeInstanceOf(ForbiddenError);
  await expect(deleteRow(task, taskId, writer.call('deleteTask', { mutationId }))).rejects.toBeInstanceOf(
    ForbiddenError,
  );
  await writer.database.query(`UPDATE members SET role = 'OWNER' WHERE workspace_id = $1`, [home]);
  await writer.database.query('UPDATE tasks SET workspace_id = $1 WHERE id = $2', [elsewhere, taskId]);
  await expect(update({ title: 'After', mutationId })).rejects.toBeInstanceOf(NotFoundError);
  await expect(deleteRow(task, taskId, writer.call('deleteTask', { mutationId }))).rejects.toBeInstanceOf(
    NotFoundError,
  );
  expect(await writer.database.query('SELECT title FROM tasks WHERE id = $1', [taskId])).toEqual([{ title: 'Before' }]);
  expect(await writer.claims(mutationId)).toEqual([]);
});

test('nor does it where only some who see the row may write it', async () => {
  const id = randomUUID();
  await writer.database.query(`INSERT INTO comments (id, workspace_id, task_id, body) VALUES ($1, $2, $3, 'Yes')`, [
    id,
    home,
    taskId,
  ]);
  await expect(updateRow(comment, id, writer.call('updateComment', { body: 'No' }))).rejects.toBeInstanceOf(
    ForbiddenError,
  );
  await writer.database.query('UPDATE comments SET author_id = $1 WHERE id = $2', [viewer.userId, id]);
  expect((await updateRow(comment, id, writer.call('updateComment', { body: 'No' }))).row).toMatchObject({
    body: 'No',
  });
});

test('a rule that asks nothing of its viewer can be part of a statement, but nobody writes where he is no member', async () => {
  const open = { ...task, policy: { ...task.policy, read: signedIn, update: signedIn, delete: signedIn } };
  await writer.database.query('UPDATE tasks SET workspace_id = $1 WHERE id = $2', [elsewhere, taskId]);
  await expect(updateRow(open, taskId, writer.call('updateTask', { title: 'After' }))).rejects.toBeInstanceOf(
    NotFoundError,
  );
  writer.sent.length = 0;
  await deleteRow(open, taskId, writer.call('deleteTask', {}));
  expect(writer.sent).toHaveLength(1);
});

describe('a write that waits for another judges the row that the other has left', () => {
  const waiting = () =>
    waitFor(
      async () =>
        (
          await writer.database.query(
            `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
          )
        ).length > 0,
      { what: 'the write to wait' },
    );

  /** Writes while a transaction of somebody else's, that has written the row, is open. */
  async function behind<Result>(other: string, write: () => Promise<Result>): Promise<PromiseSettledResult<Result>> {
    const client = await writer.database.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query(other, [taskId]);
      const settled = Promise.allSettled([write()]);
      await waiting();
      await client.query('COMMIT');
      return (await settled)[0];
    } finally {
      client.release();
    }
  }
  const title = () => writer.database.query('SELECT title, priority FROM tasks WHERE id = $1', [taskId]);

  for (const mutationId of [undefined, randomUUID()]) {
    const kind = mutationId === undefined ? '' : ', with a mutationId';
    const input = mutationId === undefined ? {} : { mutationId };
    const claimed = () => (mutationId === undefined ? [] : writer.claims(mutationId));
    test(`both are kept${kind}`, async () => {
      const settled = await behind('UPDATE tasks SET priority = 3 WHERE id = $1', () =>
        update({ title: 'After', ...input }),
      );
      expect(settled).toMatchObject({ value: { row: { title: 'After', priority: 3, version: 3 } } });
      expect(writer.sent).toHaveLength(1);
      expect(await claimed()).toEqual(mutationId === undefined ? [] : [{ result_id: taskId }]);
    });

    test(`it writes nothing that has gone out of sight${kind}`, async () => {
      const move = `UPDATE tasks SET workspace_id = '${elsewhere}' WHERE id = $1`;
      const settled = await behind(move, () => update({ title: 'After', ...input }));
      expect(settled).toMatchObject({ reason: expect.any(NotFoundError) });
      expect(await title()).toEqual([{ title: 'Before', priority: 0 }]);
      expect(await claimed()).toEqual([]);
    });

    test(`it deletes nothing that has gone out of sight${kind}`, async () => {
      const move = `UPDATE tasks SET workspace_id = '${elsewhere}' WHERE id = $1`;
      const settled = await behind(move, () => deleteRow(task, taskId, writer.call('deleteTask', input)));
      expect(settled).toMatchObject({ reason: expect.any(NotFoundError) });
      expect(await title()).toEqual([{ title: 'Before', priority: 0 }]);
      expect(await claimed()).toEqual([]);
    });

    test(`it conflicts with what was not expected${kind}`, async () => {
      const settled = await behind('UPDATE tasks SET priority = 3 WHERE id = $1', () =>
        update({ title: 'After', expectedVersion: 1, ...input }),
      );
      expect(settled).toMatchObject({ reason: expect.any(RowConflictError) });
      expect(await title()).toEqual([{ title: 'Before', priority: 3 }]);
      expect(await claimed()).toEqual([]);
    });

    test(`it does not find what is gone${kind}`, async () => {
      const settled = await behind('DELETE FROM tasks WHERE id = $1', () => update({ title: 'After', ...input }));
      expect(settled).toMatchObject({ reason: expect.any(NotFoundError) });
      expect(await claimed()).toEqual([]);
    });
  }

  test('the same call that is under way is waited for, and its result given', async () => {
    const input = { title: 'After', mutationId: randomUUID() };
    const first = await update(input);
    const settled = await behind('UPDATE tasks SET priority = 3 WHERE id = $1', () => update(input));
    expect(settled).toMatchObject({ value: { transactionId: first.transactionId } });
    expect(await title()).toEqual([{ title: 'After', priority: 3 }]);
    expect(await captured()).toHaveLength(2);
  });
});
