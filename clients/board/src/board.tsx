import { useRef, useState } from 'react';
import { useReport } from './page.tsx';
import { Submit } from './submit.tsx';

const columns = [
  { status: 'TODO', name: 'To do' },
  { status: 'DOING', name: 'Doing' },
  { status: 'DONE', name: 'Done' },
] as const;

type Status = (typeof columns)[number]['status'];

/** As much of a task as the board shows. */
interface Task {
  readonly id: string;
  readonly title: string;
  readonly status: Status;
  readonly position: string;
}

/** Sent again with the same `mutationId`, it is the same task. */
export interface NewTask {
  readonly title: string;
  readonly mutationId: string;
}

interface Props<Row extends Task> {
  readonly name: string;
  readonly tasks: readonly Row[];
  /** Whether these are the tasks as they are now. */
  readonly isLive: boolean;
  readonly add: (task: NewTask) => Promise<unknown>;
  readonly move: (task: Row, status: Status) => Promise<unknown>;
}

/** A workspace's tasks in their columns. It shows what it is given: what was added or moved shows once it comes back in `tasks`. */
export function Board<Row extends Task>({ name, tasks, isLive, add, move }: Props<Row>) {
  const { attempt } = useReport();
  const sorted = tasks.toSorted(byPosition);
  return (
    <>
      <header>
        <h1>{name}</h1>
        <output data-live={isLive}>{isLive ? 'live' : 'not live'}</output>
      </header>
      <AddTask add={add} />
      <main>
        {columns.map((column) => (
          <section key={column.status} aria-label={column.name}>
            <h2>{column.name}</h2>
            {sorted
              .filter(({ status }) => status === column.status)
              .map((task) => (
                <Card key={task.id} task={task} move={(status) => void attempt(move(task, status))} />
              ))}
          </section>
        ))}
      </main>
    </>
  );
}

/** What was typed stays until it is a task. */
function AddTask({ add }: Pick<Props<Task>, 'add'>) {
  const { attempt } = useReport();
  const [title, setTitle] = useState('');
  const sent = useRef<NewTask>(null);
  async function submit() {
    if (sent.current?.title !== title) sent.current = { title, mutationId: crypto.randomUUID() };
    const unanswered = 'No answer came: the task may be there, or not. Press Add again: it will be there once.';
    if (!(await attempt(add(sent.current), unanswered))) return;
    sent.current = null;
    setTitle('');
  }
  return (
    <form className="add" action={submit}>
      <input
        aria-label="Title of a new task"
        placeholder="What is to be done?"
        required
        value={title}
        onChange={({ target }) => setTitle(target.value)}
      />
      <Submit>Add</Submit>
    </form>
  );
}

function Card({ task, move }: { readonly task: Task; readonly move: (status: Status) => void }) {
  return (
    <article>
      {task.title}
      <select
        aria-label={`Status of ${task.title}`}
        value={task.status}
        onChange={({ target }) => move(target.value as Status)}
      >
        {columns.map(({ status, name }) => (
          <option key={status} value={status}>
            {name}
          </option>
        ))}
      </select>
    </article>
  );
}

/** As the server orders them: bytewise, ties by id. */
function byPosition(a: Task, b: Task): number {
  return `${a.position} ${a.id}` < `${b.position} ${b.id}` ? -1 : 1;
}
