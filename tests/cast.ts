import { randomUUID } from 'node:crypto';
import { createAccessTokens } from '@sync-hub/api/auth/access-token';
import { testJwtSecret } from '@sync-hub/dev/hub';
import type { TestDatabase } from '@sync-hub/dev/test-database';
import { globalId, type Person, personWith, uuidOf } from './person.ts';

/** What somebody can be to a row. SELF is an EDITOR of its workspace, and whom it is about: its user, its author. */
export const roles = ['OWNER', 'EDITOR', 'VIEWER', 'SELF', 'OUTSIDER', 'ADMIN'] as const;
export type Role = (typeof roles)[number];
export type Cast = Readonly<Record<Role, Person>>;

export const modelNames = ['Workspace', 'Member', 'Task', 'Comment', 'User', 'Session'] as const;
export type ModelName = (typeof modelNames)[number];

/** Global ids of one row of each model: a workspace, and in it what one person is and made. */
export type World = Readonly<Record<ModelName, string>>;

const accessTokens = createAccessTokens({ secret: testJwtSecret, ttlSeconds: 600 });

/** A signed-in user, made by SQL: hashing a password takes longer than many a test. */
export async function addPerson(
  { query }: TestDatabase,
  url: string,
  { name, isAdmin = false }: { name: string; isAdmin?: boolean },
): Promise<Person> {
  const [userId, sessionId] = [randomUUID(), randomUUID()];
  const email = `${name.toLowerCase()}.${userId}@example.com`;
  await query(
    `WITH u AS (INSERT INTO users (id, email, name, color, role) VALUES ($1, $2, $3, '#123456', $4) RETURNING id)
     INSERT INTO sessions (id, user_id, expires_at) SELECT $5::uuid, id, now() + interval '1 day' FROM u`,
    [userId, email, name, isAdmin ? 'ADMIN' : 'MEMBER', sessionId],
  );
  const { accessToken } = accessTokens.issue({ userId, sessionId });
  return personWith(url, email, {
    accessToken,
    refreshToken: '',
    user: { id: globalId('User', userId) },
    session: { id: globalId('Session', sessionId) },
  });
}

export async function createCast(database: TestDatabase, url: string): Promise<Cast> {
  const people = await Promise.all(
    roles.map((role) => addPerson(database, url, { name: role, isAdmin: role === 'ADMIN' })),
  );
  return Object.fromEntries(roles.map((role, index) => [role, people[index]])) as unknown as Cast;
}

/** Who of a cast belongs to its world, and as what. */
export function membersOf(cast: Cast): Members {
  return [
    [cast.OWNER, 'OWNER'],
    [cast.EDITOR, 'EDITOR'],
    [cast.VIEWER, 'VIEWER'],
    [cast.SELF, 'EDITOR'],
  ];
}
type Members = readonly (readonly [Person, 'OWNER' | 'EDITOR' | 'VIEWER'])[];

/** A workspace with these members, and in it a task and a comment by one of them. */
export async function createWorld({ query }: TestDatabase, members: Members, author: Person): Promise<World> {
  const [world] = await query<{ workspace: string; member: string; task: string; comment: string }>(
    `WITH w AS (INSERT INTO workspaces (name) VALUES ('World') RETURNING id),
          m AS (INSERT INTO members (workspace_id, user_id, role)
                SELECT w.id, u.id, u.role::member_role FROM w, unnest($1::uuid[], $2::text[]) AS u (id, role)
                RETURNING id, user_id),
          t AS (INSERT INTO tasks (workspace_id, title, created_by_id, assignee_id)
                SELECT id, 'Task', $3::uuid, $3::uuid FROM w RETURNING id, workspace_id),
          c AS (INSERT INTO comments (workspace_id, task_id, author_id, body)
                SELECT workspace_id, id, $3::uuid, 'Comment' FROM t RETURNING id)
     SELECT w.id AS workspace, m.id AS member, t.id AS task, c.id AS comment FROM w, m, t, c WHERE m.user_id = $3::uuid`,
    [members.map(([{ userId }]) => uuidOf(userId)), members.map(([, role]) => role), uuidOf(author.userId)],
  );
  if (world === undefined) throw new Error('the author is no member');
  return {
    Workspace: globalId('Workspace', world.workspace),
    Member: globalId('Member', world.member),
    Task: globalId('Task', world.task),
    Comment: globalId('Comment', world.comment),
    User: author.userId,
    Session: author.sessionId,
  };
}
