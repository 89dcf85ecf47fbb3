import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { waitFor } from '@sync-hub/dev/wait-for';
import * as operations from '@sync-hub/sdk/generated/graphql';
import {
  type Cast,
  createCast,
  createWorld,
  type ModelName,
  membersOf,
  modelNames,
  roles,
  type World,
} from './cast.ts';
import { type Following, globalId, type Person, uuidOf } from './person.ts';
import { secretsOfUsers, whoMayWhat } from './who-may-what.ts';

interface Change {
  readonly operation: string;
  readonly key: string;
  readonly row?: object | null;
  readonly previous?: object | null;
}
type Follow = (person: Person) => Promise<Following<{ readonly changes: readonly Change[] }>>;

const follow: Readonly<Record<ModelName, Follow>> = {
  Workspace: (person) => person.follow(operations.WorkspaceChangesDocument, 'workspaceChanges', {}),
  Member: (person) => person.follow(operations.MemberChangesDocument, 'memberChanges', {}),
  Task: (person) => person.follow(operations.TaskChangesDocument, 'taskChanges', {}),
  Comment: (person) => person.follow(operations.CommentChangesDocument, 'commentChanges', {}),
  User: (person) => person.follow(operations.UserChangesDocument, 'userChanges', {}),
  Session: (person) => person.follow(operations.SessionChangesDocument, 'sessionChanges', {}),
};

/** Somebody's six subscriptions, and a place of their own where a change of each model can be made for them alone. */
interface Follower {
  readonly role: (typeof roles)[number];
  readonly subscriptions: Readonly<Record<ModelName, Awaited<ReturnType<Follow>>>>;
  readonly home: World;
}

let hub: Hub;
let cast: Cast;
let world: World;
let followers: readonly Follower[];
let marks = 0;
/** What is written while they follow, in the world that all but OUTSIDER and ADMIN belong to; the user is a new EDITOR there. */
const subject = Object.fromEntries(modelNames.map((model) => [model, randomUUID()])) as Record<ModelName, string>;

beforeAll(async () => {
  hub = await startHub();
  cast = await createCast(hub.database, hub.urls[0] ?? '');
  world = await createWorld(hub.database, membersOf(cast), cast.SELF);
  subject.Workspace = uuidOf(world.Workspace);
  followers = await Promise.all(
    roles.map(async (role) => {
      const home = await createWorld(hub.database, [[cast[role], 'OWNER']], cast[role]);
      const following = await Promise.all(modelNames.map(async (model) => [model, await follow[model](cast[role])]));
      return { role, home, subscriptions: Object.fromEntries(following) as Follower['subscriptions'] };
    }),
  );
}, 60_000);
afterAll(async () => {
  await Promise.all(Object.values(cast ?? {}).map((person) => person.leave()));
  await hub?.close();
}, 30_000);

/** Waits until everybody has been told of whatever was committed before: the log is in order. */
async function everybodyIsTold() {
  marks += 1;
  const ids = (model: ModelName) => followers.map(({ home }) => uuidOf(home[model]));
  await hub.database.query(
    `WITH w AS (UPDATE workspaces SET name = name WHERE id = ANY ($1::uuid[])),
          m AS (UPDATE members SET role = role WHERE id = ANY ($2::uuid[])),
          t AS (UPDATE tasks SET title = title WHERE id = ANY ($3::uuid[])),
          c AS (UPDATE comments SET body = body WHERE id = ANY ($4::uuid[])),
          u AS (UPDATE users SET name = name WHERE id = ANY ($5::uuid[]))
     UPDATE sessions SET user_agent = user_agent WHERE id = ANY ($6::uuid[])`,
    modelNames.map(ids),
  );
  for (const { role, home, subscriptions } of followers)
    for (const model of modelNames) {
      const told = () => changesOf(subscriptions[model], home[model]).length === marks;
      await waitFor(told, { what: `${role} to be told of their own ${model}` });
    }
}

function changesOf({ frames }: Awaited<ReturnType<Follow>>, key: string): Change[] {
  return frames.flatMap(({ changes }) => changes.filter((change) => change.key === key));
}

test('a row is followed by whom the table lets read it: when it is made, changed and deleted', async () => {
  const [workspaceId, selfId] = [uuidOf(world.Workspace), uuidOf(cast.SELF.userId)];
  const { User, Member, Task, Comment, Session } = subject;
  await hub.database.query(
    `WITH u AS (INSERT INTO users (id, email, name, color) VALUES ($1, 'new@example.com', 'New', '#123456')),
          m AS (INSERT INTO members (id, workspace_id, user_id, role) VALUES ($2, $3, $1, 'EDITOR')),
          t AS (INSERT INTO tasks (id, workspace_id, title) VALUES ($4, $3, 'New')),
          c AS (INSERT INTO comments (id, workspace_id, task_id, author_id, body) VALUES ($5, $3, $4, $6, 'New'))
     INSERT INTO sessions (id, user_id, expires_at) VALUES ($7, $6, now() + interval '1 day')`,
    [User, Member, workspaceId, Task, Comment, selfId, Session],
  );
  await everybodyIsTold();
  await hub.database.query(
    `WITH u AS (UPDATE users SET email = 'newer@example.com' WHERE id = $1),
          m AS (UPDATE members SET role = 'VIEWER' WHERE id = $2),
          w AS (UPDATE workspaces SET name = 'Newer' WHERE id = $3),
          t AS (UPDATE tasks SET title = 'Newer' WHERE id = $4),
          c AS (UPDATE comments SET body = 'Newer' WHERE id = $5)
     UPDATE sessions SET user_agent = 'Newer' WHERE id = $6`,
    [User, Member, workspaceId, Task, Comment, Session],
  );
  await everybodyIsTold();
  await hub.database.query(
    `WITH w AS (DELETE FROM workspaces WHERE id = $1), u AS (DELETE FROM users WHERE id = $2)
     DELETE FROM sessions WHERE id = $3`,
    [workspaceId, User, Session],
  );
  await everybodyIsTold();

  const told = followers.map(({ role, subscriptions }) => [
    role,
    modelNames.map((model) => [
      model,
      ...changesOf(subscriptions[model], globalId(model, subject[model])).map(({ operation }) => operation),
    ]),
  ]);
  const expected = roles.map((role) => [
    role,
    modelNames.map((model) => {
      if (whoMayWhat[model].read[role] === 'nothing') return [model];
      return model === 'Workspace' ? [model, 'UPDATED', 'DELETED'] : [model, 'CREATED', 'UPDATED', 'DELETED'];
    }),
  ]);
  expect(told).toEqual(expected);
});

test('frames show users to who only shares a workspace without e-mail and role, before and after a change', () => {
  for (const { role, subscriptions } of followers) {
    const images = changesOf(subscriptions.User, globalId('User', subject.User)).flatMap(({ row, previous }) =>
      [row, previous].filter((image) => image !== null),
    );
    for (const image of images) {
      const secrets = role === 'ADMIN' ? { email: expect.stringMatching(/^newe?r?@/), role: 'MEMBER' } : secretsOfUsers;
      expect([role, image]).toEqual([role, expect.objectContaining(secrets)]);
    }
    expect([role, images.length]).toEqual([role, whoMayWhat.User.read[role] === 'sees' ? 4 : 0]);
  }
});
