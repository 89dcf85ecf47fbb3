import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import * as operations from '@sync-hub/sdk/generated/graphql';
import { payloadOf } from '@sync-hub/sdk/payload';
import { outcomeOf } from './acts.ts';
import { type Cast, createCast, createWorld, membersOf, type World } from './cast.ts';
import { globalId, type Person, password, signIn, uuidOf } from './person.ts';

let hub: Hub;
let cast: Cast;
let world: World;

beforeAll(async () => {
  hub = await startHub();
  cast = await createCast(hub.database, hub.urls[0] ?? '');
}, 60_000);
beforeEach(async () => {
  world = await createWorld(hub.database, membersOf(cast), cast.SELF);
});
afterAll(async () => {
  await Promise.all(Object.values(cast ?? {}).map((person) => person.leave()));
  await hub?.close();
}, 30_000);

const createTask = (who: Person, input: Partial<operations.CreateTaskInput> = {}) =>
  who.ask(operations.CreateTaskDocument, { input: { workspaceId: world.Workspace, title: 'New', ...input } });
const updateTask = (who: Person, input: Partial<operations.UpdateTaskInput>) =>
  who.ask(operations.UpdateTaskDocument, { input: { id: world.Task, ...input } });
const deleteTask = (who: Person, input: Partial<operations.DeleteTaskInput> = {}) =>
  who.ask(operations.DeleteTaskDocument, { input: { id: world.Task, ...input } });

/** The answer of a mutation that has to have done its work. */
function created({ data }: Awaited<ReturnType<typeof createTask>>) {
  return payloadOf(data?.createTask);
}
function updated({ data }: Awaited<ReturnType<typeof updateTask>>) {
  return payloadOf(data?.updateTask).task;
}

async function tasks(): Promise<{ id: string; title: string; [column: string]: unknown }[]> {
  return hub.database.query('SELECT * FROM tasks WHERE workspace_id = $1 ORDER BY created_at', [
    uuidOf(world.Workspace),
  ]);
}

describe('expectedVersion', () => {
  test('that is the current one lets the write pass; another is a conflict that gives the row as it is', async () => {
    expect(updated(await updateTask(cast.EDITOR, { expectedVersion: 1, title: 'Mine' })).version).toBe(2);
    const late = await updateTask(cast.OWNER, { expectedVersion: 1, title: 'Theirs' });
    expect(late.data?.updateTask).toMatchObject({
      __typename: 'TaskConflictError',
      code: 'CONFLICT',
      message: expect.stringContaining('version 2, not 1'),
      current: { id: world.Task, version: 2, title: 'Mine' },
    });
    const deletion = await deleteTask(cast.OWNER, { expectedVersion: 1 });
    expect(deletion.data?.deleteTask).toMatchObject({ __typename: 'TaskConflictError', current: { version: 2 } });
    expect(await tasks()).toMatchObject([{ title: 'Mine', version: 2 }]);
  });

  test('lets exactly one of ten writers at once pass', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => updateTask(cast.EDITOR, { expectedVersion: 1, title: `Writer ${n}` })),
    );
    const outcomes = answers.map(outcomeOf).sort();
    expect(outcomes).toEqual([...Array.from({ length: 9 }, () => 'CONFLICT'), 'done']);
    expect(await tasks()).toMatchObject([{ version: 2 }]);
  });

  test('is not needed to tell who may not write from who may: they get no row', async () => {
    expect(outcomeOf(await updateTask(cast.VIEWER, { expectedVersion: 7, title: 'x' }))).toBe('FORBIDDEN');
    expect(outcomeOf(await updateTask(cast.OUTSIDER, { expectedVersion: 7, title: 'x' }))).toBe('NOT_FOUND');
  });
});

describe('an update', () => {
  test('leaves what is absent, clears what is null, and refuses null for what cannot be null', async () => {
    const dueAt = '2026-11-23T09:30:00.000Z';
    await updateTask(cast.EDITOR, { dueAt, assigneeId: cast.SELF.userId, description: 'Long' });
    const kept = updated(await updateTask(cast.EDITOR, { title: 'Only this' }));
    expect(kept).toMatchObject({ title: 'Only this', dueAt, assigneeId: cast.SELF.userId, description: 'Long' });
    const cleared = updated(await updateTask(cast.EDITOR, { dueAt: null, assigneeId: null }));
    expect(cleared).toMatchObject({ title: 'Only this', dueAt: null, assigneeId: null, description: 'Long' });
    const refused = await updateTask(cast.EDITOR, { title: null, status: null, workspaceId: null });
    expect(refused.data?.updateTask).toMatchObject({
      __typename: 'ValidationError',
      fields: ['status', 'title', 'workspaceId'].map((path) => ({ path, message: 'cannot be null.' })),
    });
    expect(await tasks()).toMatchObject([{ title: 'Only this', version: 4 }]);
  });

  test('that says nothing to change is told what it could change', async () => {
    const { data } = await updateTask(cast.EDITOR, {});
    expect(data?.updateTask).toMatchObject({
      __typename: 'ValidationError',
      fields: [{ path: 'input', message: expect.stringContaining('title, description, status') }],
    });
  });
});

describe('a new row', () => {
  test('has the id that the client made for it; a second with the same id is a conflict', async () => {
    const id = randomUUID();
    expect(created(await createTask(cast.EDITOR, { id })).task.id).toBe(globalId('Task', id));
    expect(outcomeOf(await createTask(cast.EDITOR, { id }))).toBe('CONFLICT');
    expect(await tasks()).toHaveLength(2);
  });

  test('that is a task comes first in its column, however many there are, and says who made it', async () => {
    const first = created(await createTask(cast.EDITOR)).task;
    const second = created(await createTask(cast.OWNER, { description: null, position: null })).task;
    const done = created(await createTask(cast.EDITOR, { status: 'DONE' })).task;
    expect(second.position < first.position && first.position < 'a0').toBe(true);
    expect(done).toMatchObject({ position: 'a0', description: '', priority: 0, createdById: cast.EDITOR.userId });
  });

  const createMember = (email: string) =>
    cast.OWNER.ask(operations.CreateMemberDocument, {
      input: { workspaceId: world.Workspace, email, role: 'VIEWER' },
    });
  test('that is a member is named by the e-mail, in any case, of somebody who has signed up', async () => {
    const { data } = await createMember(`  ${cast.OUTSIDER.email.toUpperCase()} `);
    expect(payloadOf(data?.createMember).member).toMatchObject({ userId: cast.OUTSIDER.userId, role: 'VIEWER' });
    expect(outcomeOf(await createMember(cast.OUTSIDER.email))).toBe('CONFLICT');
    expect(outcomeOf(await createMember('nobody@example.com'))).toBe('NOT_FOUND');
  });

  test('that is a member is no way to try thousands of e-mails: after a hundred that nobody has, no more are looked up', async () => {
    const outcomes = new Set<string | undefined>();
    for (let nth = 0; nth < 101 && !outcomes.has('RATE_LIMITED'); nth++)
      outcomes.add(outcomeOf(await createMember(`nobody-${nth}@example.com`)));
    expect(outcomes).toEqual(new Set(['NOT_FOUND', 'RATE_LIMITED']));
    const { data } = await createMember(cast.OUTSIDER.email);
    expect(data?.createMember).toMatchObject({ __typename: 'RateLimitedError', code: 'RATE_LIMITED' });
  });

  test('tells an outsider nothing of the members of a workspace', async () => {
    const assignees = [cast.SELF.userId, cast.ADMIN.userId, globalId('User', randomUUID())];
    const answers = await Promise.all(assignees.map((assigneeId) => createTask(cast.OUTSIDER, { assigneeId })));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.data))).size).toBe(1);
    expect(answers.map(outcomeOf)).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']);
  });
});

describe('a user', () => {
  test('is refused to who is no ADMIN before anything is said, or done, about the password', async () => {
    const input = { email: 'new@example.com', name: 'New', password: 'short' };
    expect(outcomeOf(await cast.OWNER.ask(operations.CreateUserDocument, { input }))).toBe('FORBIDDEN');
    expect(outcomeOf(await cast.ADMIN.ask(operations.CreateUserDocument, { input }))).toBe('BAD_USER_INPUT');
  });

  test('that an ADMIN makes can sign in with that password', async () => {
    const email = `${randomUUID()}@example.com`;
    const input = { email, name: 'New', password, role: 'ADMIN' } as const;
    expect(outcomeOf(await cast.ADMIN.ask(operations.CreateUserDocument, { input }))).toBe('done');
    const { userId } = await signIn(hub.urls[0] ?? '', email, password);
    const { data } = await cast.ADMIN.ask(operations.UserDocument, { id: userId });
    expect(data?.user).toMatchObject({ email, name: 'New', role: 'ADMIN' });
  });

  test('can rename himself, but not to nothing that can be seen, and can give himself no role', async () => {
    const update = (change: Partial<operations.UpdateUserInput>) =>
      cast.SELF.ask(operations.UpdateUserDocument, { input: { id: cast.SELF.userId, ...change } });
    expect(outcomeOf(await update({ name: 'Renamed', color: '#abcdef' }))).toBe('done');
    for (const name of ['', '   ', '\u3000', 'a\tb'])
      expect((await update({ name })).data?.updateUser).toMatchObject({ fields: [{ path: 'name' }] });
    expect(outcomeOf(await update({ role: 'ADMIN' }))).toBe('FORBIDDEN');
    expect(outcomeOf(await update({ role: 'MEMBER' }))).toBe('FORBIDDEN');
  });
});

describe('a task', () => {
  test('is given to members of its workspace only', async () => {
    const stranger = { assigneeId: cast.OUTSIDER.userId };
    for (const answer of [await createTask(cast.EDITOR, stranger), await updateTask(cast.EDITOR, stranger)])
      expect(Object.values(answer.data ?? {})[0]).toMatchObject({
        __typename: 'ValidationError',
        fields: [{ path: 'assigneeId', message: expect.stringContaining('not a member') }],
      });
    expect(await tasks()).toHaveLength(1);
  });

  test('moves only for who may write in both workspaces, to where its assignee is a member', async () => {
    const { EDITOR, OWNER, SELF } = cast;
    const visible = await createWorld(
      hub.database,
      [
        [OWNER, 'OWNER'],
        [EDITOR, 'VIEWER'],
      ],
      OWNER,
    );
    const hidden = await createWorld(hub.database, [[OWNER, 'OWNER']], OWNER);
    expect(outcomeOf(await updateTask(EDITOR, { workspaceId: visible.Workspace }))).toBe('FORBIDDEN');
    expect(outcomeOf(await updateTask(EDITOR, { workspaceId: hidden.Workspace }))).toBe('NOT_FOUND');
    const assigned = await updateTask(OWNER, { workspaceId: hidden.Workspace });
    expect(assigned.data?.updateTask).toMatchObject({
      __typename: 'ValidationError',
      fields: [{ path: 'assigneeId' }],
    });
    const moved = updated(await updateTask(OWNER, { workspaceId: hidden.Workspace, assigneeId: null }));
    expect(moved).toMatchObject({ workspaceId: hidden.Workspace, createdById: SELF.userId });
    const comments = await hub.database.query('SELECT workspace_id FROM comments WHERE id = $1', [
      uuidOf(world.Comment),
    ]);
    expect(comments).toEqual([{ workspace_id: uuidOf(hidden.Workspace) }]);
  });
});
