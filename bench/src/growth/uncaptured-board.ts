import { type Board, createBoard } from '../board.ts';
import type { Stage } from '../stage.ts';

/** A board whose tasks the log has not heard of: what is measured is the one transaction that changes them, not two. */
export async function createUncapturedBoard(
  { hub: { database } }: Stage,
  tasks: number,
): Promise<Pick<Board, 'workspaceId'> & { readonly workspaceUuid: string }> {
  const { workspaceId } = await createBoard(database, 0);
  const workspaceUuid = Buffer.from(workspaceId, 'base64').toString().split(':')[1] ?? '';
  const client = await database.pool.connect();
  try {
    await client.query(`BEGIN; SELECT sync.untrack('tasks')`);
    await client.query(
      `INSERT INTO tasks (workspace_id, title) SELECT $1, 'Task ' || number FROM generate_series(1, $2::int) AS number`,
      [workspaceUuid, tasks],
    );
    await client.query(`SELECT sync.track('tasks', 'workspace_id'); COMMIT`);
  } finally {
    client.release();
  }
  return { workspaceId, workspaceUuid };
}
