import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import * as operations from '@sync-hub/sdk/generated/graphql';
import { payloadOf } from '@sync-hub/sdk/payload';
import { outcomeOf } from './acts.ts';
import { type Cast, createCast, createWorld, membersOf, type World } from './cast.ts';
import { type Person, uuidOf } from './person.ts';

let hub: Hub;
let cast: Cast;
let world: World;
let input: operations.CreateTaskInput;

beforeAll(async () => {
  hub = await startHub();
  cast = await createCast(hub.database, hub.urls[0] ?? '');
}, 60_000);
beforeEach(async () => {
  world = await createWorld(hub.database, membersOf(cast), cast.SELF);
  input = { workspaceId: world.Workspace, title: 'Once', mutationId: randomUUID() };
});
afterAll(async () => {
  await Promise.all(Object.values(cast ?? {}).map((person) => person.leave()));
  await hub?.close();
}, 30_000);

const create = (who: Person, other: Partial<operations.CreateTaskInput> = {}) =>
  who.ask(operations.CreateTaskDocument, { input: { ...input, ...other } });

async function tasksCalledOnce(): Promise<number> {
  const found = await hub.database.query(`SELECT 1 FROM tasks WHERE workspace_id = $1 AND title = 'Once'`, [
    uuidOf(world.Workspace),
  ]);
  return found.length;
}

const usedBefore = {
  data: { createTask: null },
  codes: ['BAD_USER_INPUT'],
  messages: [expect.stringContaining('Make a new one for each mutation')],
};

describe('a mutation with a mutationId', () => {
  test('writes once, and answers every retry as the first time', async () => {
    const first = await create(cast.EDITOR);
    expect(outcomeOf(first)).toBe('done');
    // Neither the order of the fields nor the case of a UUID makes it another input.
    const reordered = Object.fromEntries(Object.entries(input).reverse()) as operations.CreateTaskInput;
    expect(await create(cast.EDITOR)).toEqual(first);
    expect(await cast.EDITOR.ask(operations.CreateTaskDocument, { input: reordered })).toEqual(first);
    expect(await create(cast.EDITOR, { mutationId: input.mutationId?.toUpperCase() })).toEqual(first);
    expect(await tasksCalledOnce()).toBe(1);
  });

  test('writes once though ten send it at once, and answers all ten alike', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => create(cast.EDITOR)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers.map(outcomeOf)).toEqual(answers.map(() => 'done'));
    expect(await tasksCalledOnce()).toBe(1);
  });

  test('gives the row as it is now, and NotFoundError when it is gone', async () => {
    const { task } = payloadOf((await create(cast.EDITOR)).data?.createTask);
    await hub.database.query('UPDATE tasks SET priority = 4 WHERE id = $1', [uuidOf(task.id)]);
    expect((await create(cast.EDITOR)).data?.createTask).toMatchObject({ task: { priority: 4, version: 2 } });
    await hub.database.query('DELETE FROM tasks WHERE id = $1', [uuidOf(task.id)]);
    expect(outcomeOf(await create(cast.EDITOR))).toBe('NOT_FOUND');
    expect(await tasksCalledOnce()).toBe(0);
  });

  test('is judged by the policy again: who has lost the workspace is not shown the row', async () => {
    expect(outcomeOf(await create(cast.EDITOR))).toBe('done');
    await hub.database.query('DELETE FROM members WHERE workspace_id = $1 AND user_id = $2', [
      uuidOf(world.Workspace),
      uuidOf(cast.EDITOR.userId),
    ]);
    expect(outcomeOf(await create(cast.EDITOR))).toBe('NOT_FOUND');
  });

  test('that deletes answers its retries too', async () => {
    const deletion = { input: { id: world.Task, mutationId: input.mutationId } };
    const first = await cast.EDITOR.ask(operations.DeleteTaskDocument, deletion);
    expect(outcomeOf(first)).toBe('done');
    expect(await cast.EDITOR.ask(operations.DeleteTaskDocument, deletion)).toEqual(first);
  });

  test('that updates writes once: a retry does not undo what came after it', async () => {
    const rename = { input: { id: world.Task, title: 'Mine', mutationId: input.mutationId } };
    expect(outcomeOf(await cast.EDITOR.ask(operations.UpdateTaskDocument, rename))).toBe('done');
    await hub.database.query(`UPDATE tasks SET title = 'Theirs' WHERE id = $1`, [uuidOf(world.Task)]);
    const retry = await cast.EDITOR.ask(operations.UpdateTaskDocument, rename);
    expect(retry.data?.updateTask).toMatchObject({ task: { title: 'Theirs', version: 3 } });
  });

  test('that was refused keeps nothing: it may be tried again, with the same id, when the mistake is gone', async () => {
    expect(outcomeOf(await create(cast.VIEWER))).toBe('FORBIDDEN');
    await hub.database.query(`UPDATE members SET role = 'EDITOR' WHERE workspace_id = $1 AND user_id = $2`, [
      uuidOf(world.Workspace),
      uuidOf(cast.VIEWER.userId),
    ]);
    expect(outcomeOf(await create(cast.VIEWER))).toBe('done');
  });
});

describe('a mutationId that was used', () => {
  test('is refused for another input, and for another mutation', async () => {
    await create(cast.EDITOR);
    expect(await create(cast.EDITOR, { title: 'Twice' })).toMatchObject(usedBefore);
    expect(await create(cast.EDITOR, { description: null })).toMatchObject(usedBefore);
    const { mutationId } = input;
    const other = await cast.EDITOR.ask(operations.CreateWorkspaceDocument, { input: { name: 'Other', mutationId } });
    expect(other.codes).toEqual(['BAD_USER_INPUT']);
    expect(await tasksCalledOnce()).toBe(1);
  });

  test('is another for another viewer', async () => {
    const [mine, theirs] = [await create(cast.EDITOR), await create(cast.OWNER)];
    expect([mine, theirs].map(outcomeOf)).toEqual(['done', 'done']);
    expect(mine.data).not.toEqual(theirs.data);
    expect(await tasksCalledOnce()).toBe(2);
  });
});

describe("an author's own subscription", () => {
  test('gets the frame of each write, named by the transactionId and mutationId of its answer', async () => {
    const following = await cast.EDITOR.follow(operations.TaskChangesDocument, 'taskChanges', {});
    const { transactionId } = payloadOf((await create(cast.EDITOR)).data?.createTask);
    const [frame] = await following.take(1);
    expect(frame?.transaction).toMatchObject({
      transactionId,
      mutationId: input.mutationId,
      actor: { userId: cast.EDITOR.userId },
    });
    expect(frame?.changes).toMatchObject([{ operation: 'CREATED', row: { title: 'Once' } }]);
    following.stop();
  });

  test('gets an empty one when nothing matched; nobody else does', async () => {
    const where = { title: { eq: 'Never' } };
    const own = await cast.EDITOR.follow(operations.TaskChangesDocument, 'taskChanges', { where });
    const others = await cast.OWNER.follow(operations.TaskChangesDocument, 'taskChanges', { where });
    const { transactionId } = payloadOf((await create(cast.EDITOR)).data?.createTask);
    const [frame] = await own.take(1);
    expect(frame).toMatchObject({ changes: [], upToDate: true, transaction: { transactionId } });
    const matching = { title: 'Never', mutationId: randomUUID() };
    await create(cast.EDITOR, matching);
    const [first] = await others.take(1);
    expect(first?.transaction?.mutationId).toBe(matching.mutationId);
    own.stop();
    others.stop();
  });
});
