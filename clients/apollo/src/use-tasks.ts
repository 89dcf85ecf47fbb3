import { useQuery, useSubscription } from '@apollo/client/react';
import { applyChanges } from '@sync-hub/sdk/apply-changes';
import { TaskChangesDocument, TasksDocument } from '@sync-hub/sdk/generated/graphql';
import { useEffect, useMemo, useState } from 'react';
import { client, socket } from './hub.ts';

/**
 * The tasks of a workspace, live, out of Apollo's cache: filled when the subscription starts, and anew when it cannot go on after a break.
 *
 * A frame's rows are put into the cache by Apollo itself, each under its own id, so a changed row shows wherever it is used.
 * Only which rows belong to the list has to be said here.
 */
export function useTasks(workspaceId: string | undefined, onError: (error: unknown) => void) {
  const [isLive, setLive] = useState(false);
  const variables = useMemo(() => ({ where: { workspaceId: { eq: workspaceId ?? '' } }, first: 100 }), [workspaceId]);

  useEffect(
    () =>
      socket.listen({
        started: () => client.query({ query: TasksDocument, variables, fetchPolicy: 'network-only' }),
        interrupted: () => setLive(false),
      }),
    [variables],
  );
  useSubscription(TaskChangesDocument, {
    variables: { where: variables.where },
    skip: workspaceId === undefined,
    ignoreResults: true,
    onData: ({ data: { data } }) => {
      setLive(data?.taskChanges.upToDate ?? false);
      const changes = data?.taskChanges.changes ?? [];
      client.cache.updateQuery({ query: TasksDocument, variables }, (held) =>
        held?.tasks ? { ...held, tasks: { ...held.tasks, nodes: applyChanges(held.tasks.nodes, changes) } } : held,
      );
    },
    onError(error) {
      setLive(false);
      onError(error);
    },
  });
  const { data } = useQuery(TasksDocument, { variables, fetchPolicy: 'cache-only' });

  return { tasks: data?.tasks?.nodes ?? [], isLive };
}
