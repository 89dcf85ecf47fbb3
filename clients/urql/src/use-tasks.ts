import {
  TaskChangesDocument,
  type TaskChangesSubscription,
  type TaskFieldsFragment,
  TasksDocument,
} from '@sync-hub/sdk/generated/graphql';
import type { SyncError } from '@sync-hub/sdk/sync-error';
import { useEffect, useState } from 'react';
import { useClient } from 'urql';
import { asSyncError, socket } from './hub.ts';

type Tasks = ReadonlyMap<string, TaskFieldsFragment>;

/** The tasks of a workspace, live: read when the subscription starts, and again after every break; then moved on by its frames. */
export function useTasks(workspaceId: string, onProblem: (error: SyncError) => void) {
  const client = useClient();
  const [tasks, setTasks] = useState<Tasks>(new Map());
  const [isLive, setLive] = useState(false);

  useEffect(() => {
    const where = { workspaceId: { eq: workspaceId } };
    const forget = socket.listen({
      async started() {
        const { data, error } = await client.query(TasksDocument, { where, first: 100 }).toPromise();
        if (error !== undefined) throw asSyncError(error);
        setTasks(new Map(data?.tasks?.nodes.map((task) => [task.id, task])));
      },
      interrupted: () => setLive(false),
    });
    const { unsubscribe } = client.subscription(TaskChangesDocument, { where }).subscribe(({ data, error }) => {
      if (error !== undefined) {
        setLive(false);
        onProblem(asSyncError(error));
      } else if (data !== undefined) {
        setLive(data.taskChanges.upToDate);
        setTasks((held) => withChanges(held, data.taskChanges));
      }
    });
    return () => {
      unsubscribe();
      forget();
    };
  }, [client, workspaceId, onProblem]);

  return { tasks: [...tasks.values()], isLive };
}

function withChanges(held: Tasks, { changes }: TaskChangesSubscription['taskChanges']): Tasks {
  const tasks = new Map(held);
  for (const { key, row } of changes) {
    if (row === null) tasks.delete(key);
    else tasks.set(key, row);
  }
  return tasks;
}
