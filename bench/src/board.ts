import type { TestDatabase } from '@sync-hub/dev/test-database';

/** A workspace of the author with tasks, written by SQL: thousands of them take a moment. */
export interface Board {
  /** Global id. */
  readonly workspaceId: string;
  /** As they are in the table. */
  readonly ids: readonly string[];
}

/** Every task is assigned to the only user there is, the author. */
export async function createBoard(database: TestDatabase, tasks: number): Promise<Board> {
  const [workspace] = await database.query<{ id: string }>(workspaceSql);
  if (workspace === undefined) throw new Error('the database has no user');
  const inserted = await database.query<{ id: string }>(tasksSql, [workspace.id, tasks]);
  return { workspaceId: globalId('Workspace', workspace.id), ids: inserted.map(({ id }) => id) };
}

export function globalId(type: 'Workspace' | 'Task', id: string): string {
  return Buffer.from(`${type}:${id}`).toString('base64');
}

const workspaceSql = `
  WITH workspace AS (INSERT INTO workspaces (name) VALUES ('Board') RETURNING id)
  INSERT INTO members (workspace_id, user_id, role)
  SELECT workspace.id, users.id, 'OWNER' FROM workspace, users
  RETURNING workspace_id AS id`;

const tasksSql = `
  INSERT INTO tasks (workspace_id, title, description, assignee_id)
  SELECT $1, 'Task ' || number, 'What is to be done, in a sentence or two.', (SELECT id FROM users)
  FROM generate_series(1, $2) AS number
  RETURNING id`;
