import {
  CreateTaskDocument,
  type TaskFieldsFragment,
  TaskStatus,
  UpdateTaskDocument,
  WorkspacesDocument,
} from '@sync-hub/sdk/generated/graphql';
import { payloadOf } from '@sync-hub/sdk/payload';
import { type SyncError, toSyncError } from '@sync-hub/sdk/sync-error';
import { useEffect } from 'react';
import { useMutation, useQuery } from 'urql';
import { asSyncError } from './hub.ts';
import { useTasks } from './use-tasks.ts';

const columns = [
  { status: TaskStatus.Todo, name: 'To do' },
  { status: TaskStatus.Doing, name: 'Doing' },
  { status: TaskStatus.Done, name: 'Done' },
];

interface Props {
  /** Must not change from one rendering to the next. */
  readonly onProblem: (error: SyncError | null) => void;
  readonly onSignOut: () => void;
}

/** The first workspace of whoever is signed in. */
export function FirstBoard(props: Props) {
  const { onProblem } = props;
  const [{ data, error }] = useQuery({ query: WorkspacesDocument, variables: { first: 1 } });
  useEffect(() => {
    if (error !== undefined) onProblem(asSyncError(error));
  }, [error, onProblem]);
  const workspace = data?.workspaces?.nodes[0];
  if (workspace === undefined) return <p>{data === undefined ? 'Loading…' : 'You are in no workspace yet.'}</p>;
  return <Board workspace={workspace} {...props} />;
}

function Board({
  workspace,
  onProblem,
  onSignOut,
}: Props & { readonly workspace: { readonly id: string; readonly name: string } }) {
  const { tasks, isLive } = useTasks(workspace.id, onProblem);
  const [, create] = useMutation(CreateTaskDocument);
  const [, update] = useMutation(UpdateTaskDocument);

  /** What a mutation changed shows when its frame comes, as everybody else's does. */
  async function run(mutation: Promise<unknown>) {
    try {
      await mutation;
      onProblem(null);
    } catch (error) {
      onProblem(toSyncError(error));
    }
  }
  async function add(form: FormData) {
    const { data, error } = await create({ input: { workspaceId: workspace.id, title: String(form.get('title')) } });
    if (error !== undefined) throw asSyncError(error);
    payloadOf(data?.createTask);
  }
  async function move({ id, version }: TaskFieldsFragment, status: TaskStatus) {
    const { data, error } = await update({ input: { id, status, expectedVersion: version } });
    if (error !== undefined) throw asSyncError(error);
    payloadOf(data?.updateTask);
  }

  return (
    <>
      <header>
        <h1>{workspace.name}</h1>
        <output data-live={isLive}>{isLive ? 'live' : 'not live'}</output>
        <button type="button" onClick={onSignOut}>
          Sign out
        </button>
      </header>
      <form className="add" action={(form) => run(add(form))}>
        <input
          name="title"
          aria-label="Title of a new task"
          placeholder="What is to be done?"
          maxLength={200}
          required
        />
        <button type="submit">Add</button>
      </form>
      <main>
        {columns.map(({ status, name }) => (
          <section key={status} aria-label={name}>
            <h2>{name}</h2>
            {tasks
              .filter((task) => task.status === status)
              .sort(byPosition)
              .map((task) => (
                <article key={task.id}>
                  <span>{task.title}</span>
                  <select
                    aria-label={`Status of ${task.title}`}
                    value={task.status}
                    onChange={(event) => run(move(task, event.target.value as TaskStatus))}
                  >
                    {columns.map((column) => (
                      <option key={column.status} value={column.status}>
                        {column.name}
                      </option>
                    ))}
                  </select>
                </article>
              ))}
          </section>
        ))}
      </main>
    </>
  );
}

/** As the server orders them: bytewise, ties by id. */
function byPosition(a: TaskFieldsFragment, b: TaskFieldsFragment): number {
  return `${a.position} ${a.id}` < `${b.position} ${b.id}` ? -1 : 1;
}
