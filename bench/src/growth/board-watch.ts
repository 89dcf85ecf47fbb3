import type { Board } from '../board.ts';
import type { Subscription } from '../load/subscribers.ts';

/** All tasks of a board, then every change of them: also after a transaction that is too large to be told. */
export function boardWatch({ workspaceId }: Pick<Board, 'workspaceId'>): Subscription {
  return {
    query: `subscription Board($where: TaskFilter) {
      watchTasks(where: $where) { cursor reset upToDate changes { operation key row { id title status version } } }
    }`,
    variables: { where: { workspaceId: { eq: workspaceId } } },
  };
}
