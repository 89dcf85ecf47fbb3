import { applyChanges } from '@sync-hub/sdk/apply-changes';
import { TaskChangesDocument, type TaskFieldsFragment, TasksDocument } from '@sync-hub/sdk/generated/graphql';
import { useEffect, useState } from 'react';
import { client, socket } from './hub.ts';

/** The tasks of a workspace, live: read when the subscription starts, and anew when it cannot go on after a break; moved on by its frames. */
export function useTasks(workspaceId: string | undefined, onError: (error: unknown) => void) {
  const [tasks, setTasks] = useState<readonly TaskFieldsFragment[]>([]);
  const [isLive, setLive] = useState(false);

  useEffect(() => {
    if (workspaceId === undefined) return;
    const where = { workspaceId: { eq: workspaceId } };
    const forget = socket.listen({
      async started() {
        const { data, error } = await client.query(TasksDocument, { where, first: 100 });
        if (error) throw error;
        setTasks(data?.tasks?.nodes ?? []);
      },
      interrupted: () => setLive(false),
    });
    const { unsubscribe } = client.subscription(TaskChangesDocument, { where }).subscribe(({ data, error }) => {
      setLive(data?.taskChanges.upToDate ?? false);
      if (error) onError(error);
      else if (data) setTasks((held) => applyChanges(held, data.taskChanges.changes));
    });
    return () => {
      unsubscribe();
      forget();
    };
  }, [workspaceId, onError]);

  return { tasks, isLive };
}
