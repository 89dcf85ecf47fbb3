import {
  CreateTaskDocument,
  type TaskFieldsFragment,
  TaskStatus,
  UpdateTaskDocument,
  WorkspacesDocument,
} from '@sync-hub/sdk/generated/graphql';
import { payloadOf } from '@sync-hub/sdk/payload';
import { useEffect } from 'react';
import { useMutation, useQuery } from 'urql';
import { useTasks } from './use-tasks.ts';

const columns = [
  { status: TaskStatus.Todo, name: 'To do' },
  { status: TaskStatus.Doing, name: 'Doing' },
  { status: TaskStatus.Done, name: 'Done' },
];

interface Props {
  readonly run: (action: Promise<unknown>) => Promise<void>;
  /** Must not change from one rendering to the next. */
  readonly fail: (error: unknown) => void;
  readonly signOut: () => void;
}

/** The first workspace of whoever is signed in. What a mutation changed shows when its frame comes, as everybody else's does. */
export function Board({ run, fail, signOut }: Props) {
  const [{ data, error }] = useQuery({ query: WorkspacesDocument, variables: { first: 1 } });
  const [, createTask] = useMutation(CreateTaskDocument);
  const [, updateTask] = useMutation(UpdateTaskDocument);
  const workspace = data?.workspaces?.nodes[0];
  const { tasks, isLive } = useTasks(workspace?.id, fail);
  useEffect(() => {
    if (error) fail(error);
  }, [error, fail]);
  if (!workspace) return <p>{data ? 'You are in no workspace yet.' : 'Loading…'}</p>;

  async function add(workspaceId: string, form: FormData) {
    const { data, error } = await createTask({ input: { workspaceId, title: String(form.get('title')) } });
    if (error) throw error;
    payloadOf(data?.createTask);
  }
  async function move({ id, version }: TaskFieldsFragment, status: TaskStatus) {
    const { data, error } = await updateTask({ input: { id, status, expectedVersion: version } });
    if (error) throw error;
    payloadOf(data?.updateTask);
  }
  const card = (task: TaskFieldsFragment) => (
    <article key={task.id}>
      <span>{task.title}</span>
      <select
        aria-label={`Status of ${task.title}`}
        value={task.status}
        onChange={({ target }) => run(move(task, target.value as TaskStatus))}
      >
        {columns.map(({ status, name }) => (
          <option key={status} value={status} label={name} />
        ))}
      </select>
    </article>
  );
  return (
    <>
      <header>
        <h1>{workspace.name}</h1>
        <output data-live={isLive}>{isLive ? 'live' : 'not live'}</output>
        <button type="button" onClick={signOut}>
          Sign out
        </button>
      </header>
      <form className="add" action={(form) => run(add(workspace.id, form))}>
        <input name="title" aria-label="Title of a new task" placeholder="What is to be done?" required />
        <button type="submit">Add</button>
      </form>
      <main>
        {columns.map(({ status, name }) => (
          <section key={status} aria-label={name}>
            <h2>{name}</h2>
            {tasks
              .filter((task) => task.status === status)
              .sort(byPosition)
              .map(card)}
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
