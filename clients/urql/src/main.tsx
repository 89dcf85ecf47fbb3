import { Board, type NewTask } from '@sync-hub/board/board';
import { Opened } from '@sync-hub/board/opened';
import { Page } from '@sync-hub/board/page';
import {
  CreateTaskDocument,
  UpdateTaskDocument,
  type UpdateTaskInput,
  WatchTasksDocument,
  WatchWorkspacesDocument,
} from '@sync-hub/sdk/generated/graphql';
import { payloadOf } from '@sync-hub/sdk/payload';
import { useMemo } from 'react';
import { createRoot } from 'react-dom/client';
import { Provider, useMutation } from 'urql';
import { client, session } from './hub.ts';
import { useRows } from './use-rows.ts';

/** What a mutation changed shows when its frame comes, as everybody else's does. */
function Tasks({ workspaceId, name }: { readonly workspaceId: string; readonly name: string }) {
  const where = useMemo(() => ({ workspaceId: { eq: workspaceId } }), [workspaceId]);
  const { rows, isLive } = useRows(WatchTasksDocument, where);
  const [, createTask] = useMutation(CreateTaskDocument);
  const [, updateTask] = useMutation(UpdateTaskDocument);

  async function add(task: NewTask) {
    const { data, error } = await createTask({ input: { workspaceId, ...task } });
    if (error) throw error;
    payloadOf(data?.createTask);
  }
  async function move(task: UpdateTaskInput) {
    const { data, error } = await updateTask({ input: task });
    if (error) throw error;
    payloadOf(data?.updateTask);
  }
  return <Board name={name} tasks={rows} isLive={isLive} add={add} move={move} />;
}

const everything = {};

function Workspaces() {
  const { rows, isLive } = useRows(WatchWorkspacesDocument, everything);
  return (
    <Opened workspaces={rows} isLive={isLive}>
      {({ id, name }) => <Tasks workspaceId={id} name={name} />}
    </Opened>
  );
}

const root = document.getElementById('root');
if (root !== null)
  createRoot(root).render(
    <Provider value={client}>
      <Page title="Tasks · urql" isSignedIn={session.isSignedIn} signIn={session.signIn} signOut={session.signOut}>
        <Workspaces />
      </Page>
    </Provider>,
  );
