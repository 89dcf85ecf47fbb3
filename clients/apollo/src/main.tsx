import { ApolloProvider, useFragment, useMutation } from '@apollo/client/react';
import { Board, type NewTask } from '@sync-hub/board/board';
import { Opened } from '@sync-hub/board/opened';
import { Page } from '@sync-hub/board/page';
import {
  CreateTaskDocument,
  TaskFieldsFragmentDoc,
  UpdateTaskDocument,
  type UpdateTaskInput,
  WatchTasksDocument,
  WatchWorkspacesDocument,
} from '@sync-hub/sdk/generated/graphql';
import { payloadOf } from '@sync-hub/sdk/payload';
import { createRoot } from 'react-dom/client';
import { client, session } from './hub.ts';
import { useRows } from './use-rows.ts';

/** Which tasks there are, the watch says; how each one is, Apollo's cache, which holds it once, wherever it is shown. */
function Tasks({ workspaceId, name }: { readonly workspaceId: string; readonly name: string }) {
  const { rows, isLive } = useRows(WatchTasksDocument, { workspaceId: { eq: workspaceId } });
  const cached = useFragment({ fragment: TaskFieldsFragmentDoc, fragmentName: 'TaskFields', from: [...rows] });
  const [createTask] = useMutation(CreateTaskDocument);
  const [updateTask] = useMutation(UpdateTaskDocument);

  async function add(task: NewTask) {
    const { data } = await createTask({ variables: { input: { workspaceId, ...task } } });
    payloadOf(data?.createTask);
  }
  async function move(task: UpdateTaskInput) {
    const { data } = await updateTask({ variables: { input: task } });
    payloadOf(data?.updateTask);
  }
  return <Board name={name} tasks={cached.complete ? cached.data : []} isLive={isLive} add={add} move={move} />;
}

function Workspaces() {
  const { rows, isLive } = useRows(WatchWorkspacesDocument, {});
  return (
    <Opened workspaces={rows} isLive={isLive}>
      {({ id, name }) => <Tasks workspaceId={id} name={name} />}
    </Opened>
  );
}

async function signIn(input: Parameters<typeof session.signIn>[0]) {
  await session.signIn(input);
  await client.clearStore(); // it may hold what somebody else has seen
}

const root = document.getElementById('root');
if (root !== null)
  createRoot(root).render(
    <ApolloProvider client={client}>
      <Page title="Tasks · Apollo" isSignedIn={session.isSignedIn} signIn={signIn} signOut={session.signOut}>
        <Workspaces />
      </Page>
    </ApolloProvider>,
  );
