import { useApolloClient, useQuery, useSubscription } from '@apollo/client/react';
import {
  TaskChangesDocument,
  type TaskChangesSubscription,
  TasksDocument,
  type TasksQuery,
} from '@sync-hub/sdk/generated/graphql';
import type { SyncError } from '@sync-hub/sdk/sync-error';
import { useEffect, useMemo, useState } from 'react';
import { asSyncError, socket } from './hub.ts';

/**
 * The tasks of a workspace, live, out of Apollo's cache: filled when the subscription starts, and again after every break.
 *
 * A frame's rows are put into the cache by Apollo itself, each under its own id, so a changed row shows wherever it is used.
 * Only which rows belong to the list has to be said here.
 */
export function useTasks(workspaceId: string, onProblem: (error: SyncError) => void) {
  const client = useApolloClient();
  const [isLive, setLive] = useState(false);
  const list = useMemo(
    () => ({ query: TasksDocument, variables: { where: { workspaceId: { eq: workspaceId } }, first: 100 } }),
    [workspaceId],
  );

  useEffect(
    () =>
      socket.listen({
        async started() {
          await client.query({ ...list, fetchPolicy: 'network-only' });
        },
        interrupted: () => setLive(false),
      }),
    [client, list],
  );
  useSubscription(TaskChangesDocument, {
    variables: { where: list.variables.where },
    ignoreResults: true,
    onData: ({ data: { data } }) => {
      if (!data) return;
      setLive(data.taskChanges.upToDate);
      client.cache.updateQuery(list, (held) => held && withChanges(held, data.taskChanges));
    },
    onError(error) {
      setLive(false);
      onProblem(asSyncError(error));
    },
  });
  const { data } = useQuery(list.query, { variables: list.variables, fetchPolicy: 'cache-only' });

  return { tasks: data?.tasks?.nodes ?? [], isLive };
}

function withChanges(held: TasksQuery, { changes }: TaskChangesSubscription['taskChanges']): TasksQuery {
  if (held.tasks === null) return held;
  const nodes = new Map(held.tasks.nodes.map((task) => [task.id, task]));
  for (const { key, row } of changes) {
    if (row === null) nodes.delete(key);
    else nodes.set(key, row);
  }
  return { ...held, tasks: { ...held.tasks, nodes: [...nodes.values()] } };
}
