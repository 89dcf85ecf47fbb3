import { SignUpDocument } from '@sync-hub/sdk/generated/graphql';
import { payloadOf } from '@sync-hub/sdk/payload';
import type pg from 'pg';
import { ask } from './ask.ts';
import { readGlobalId } from './rows.ts';

/** Somebody who writes and watches. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly token: string;
}

/** Who and what there is before the faults begin. */
export interface World {
  readonly users: readonly User[];
  /** Whose memberships writers leave alone: their watches have no reason to reset. */
  readonly settled: readonly User[];
  readonly workspaces: readonly string[];
  /** The one with thousands of tasks. */
  readonly large: string;
}

const NAMES = ['Ann', 'Ben', 'Cid', 'Dee', 'Eve', 'Fay', 'Root'];

export const LARGE_TASKS = 2_500;

/** Signs people up through the API, and fills the tables by SQL. */
export async function makeWorld(url: string, pool: pg.Pool): Promise<World> {
  const users: User[] = [];
  for (const name of NAMES) users.push(await signUp(url, name));
  const [ann, ben] = users;
  if (ann === undefined || ben === undefined) throw new Error('nobody signed up');
  await pool.query(`UPDATE users SET role = 'ADMIN' WHERE name = 'Root'`);
  const { rows } = await pool.query<{ id: string }>(
    `INSERT INTO workspaces (name) SELECT 'Workspace ' || n FROM generate_series(1, 4) AS n RETURNING id`,
  );
  const workspaces = rows.map(({ id }) => id);
  const [first, second, third, large = ''] = workspaces;
  const join = (who: readonly User[], where: string | undefined, role: string) =>
    pool.query(`INSERT INTO members (workspace_id, user_id, role) SELECT $1, unnest($2::uuid[]), $3::member_role`, [
      where,
      who.map(({ id }) => id),
      role,
    ]);
  for (const workspace of workspaces) await join([ann], workspace, 'OWNER');
  await join([ben], first, 'EDITOR');
  await join([ben], large, 'EDITOR');
  await join(users.slice(2, 5), second, 'EDITOR');
  await join(users.slice(3, 6), third, 'VIEWER');
  await pool.query(
    `INSERT INTO tasks (workspace_id, title, priority) SELECT ws.id, 'Task ' || n, n % 5
     FROM unnest($1::uuid[]) AS ws (id), generate_series(1, 60) AS n`,
    [workspaces.slice(0, 3)],
  );
  await pool.query(
    `INSERT INTO tasks (workspace_id, title, priority, position) SELECT $1, 'Bulk ' || n, n % 5, 'bulk' FROM generate_series(1, $2::int) AS n`,
    [large, LARGE_TASKS],
  );
  await pool.query(
    `INSERT INTO comments (workspace_id, task_id, author_id, body)
     SELECT workspace_id, id, $1, 'Comment on ' || title FROM tasks WHERE position <> 'bulk'`,
    [ben.id],
  );
  await pool.query(`INSERT INTO tasks (workspace_id, title, position) VALUES ($1, 'Hot', 'hot')`, [first]);
  await pool.query(ECHO);
  await pool.query(
    `INSERT INTO tasks (workspace_id, title, position) SELECT $1, 'Echo', 'echo' FROM generate_series(1, 4)`,
    [first],
  );
  return { users, settled: [ann, ben], workspaces, large };
}

/**
 * A trigger of somebody else's, which writes rows again that the same statement has just written: of those the second
 * change is captured before the first.
 */
const ECHO = `
  CREATE FUNCTION echo() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    UPDATE tasks SET title = left(title, 100) || ' echo' WHERE position = 'echo' AND id <> new.id AND title NOT LIKE '% echo';
    RETURN NULL;
  END $$;
  CREATE TRIGGER zz_echo AFTER UPDATE ON tasks FOR EACH ROW WHEN (new.position = 'echo' AND new.title = 'Call') EXECUTE FUNCTION echo()`;

async function signUp(url: string, name: string): Promise<User> {
  const email = `${name.toLowerCase()}@example.com`;
  const data = await ask(url, null, SignUpDocument, { input: { email, name, password: 'a long password of a test' } });
  const { accessToken, user } = payloadOf(data.signUp);
  return { id: readGlobalId(user.id).uuid, name, email, token: accessToken };
}
