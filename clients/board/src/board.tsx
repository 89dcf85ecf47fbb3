import { type RefObject, useLayoutEffect, useRef, useState } from 'react';
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

interface Props {
  readonly name: string;
  readonly tasks: readonly Task[];
  /** Whether these are the tasks as they are now. */
  readonly isLive: boolean;
  readonly add: (task: NewTask) => Promise<unknown>;
  /** The last of several moves holds, whatever else has changed: it needs no `expectedVersion`. */
  readonly move: (task: { readonly id: string; readonly status: Status }) => Promise<unknown>;
}

/** A workspace's tasks in their columns. It shows what it is given: what was added or moved shows once it comes back in `tasks`. */
export function Board({ name, tasks, isLive, add, move }: Props) {
  const { attempt } = useReport();
  /** The task whose card has the focus: in another column it is another element, and has to be given it again. */
  const focused = useRef<string>(null);
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
                <Card
                  key={task.id}
                  task={task}
                  focused={focused}
                  move={(status) => void attempt(move({ id: task.id, status }))}
                />
              ))}
          </section>
        ))}
      </main>
    </>
  );
}

/** What was typed stays until it is a task. */
function AddTask({ add }: Pick<Props, 'add'>) {
  const { attempt } = useReport();
  const [title, setTitle] = useState('');
  /** Until it has succeeded. */
  const sent = useRef<NewTask>(null);
  async function submit() {
    const trimmed = title.trim();
    if (sent.current?.title !== trimmed) sent.current = { title: trimmed, mutationId: crypto.randomUUID() };
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
        required // and blanks are nothing
        value={title}
        onChange={({ target }) => setTitle(target.value.trimStart())}
      />
      <Submit>Add</Submit>
    </form>
  );
}

interface CardProps {
  readonly task: Task;
  readonly focused: RefObject<string | null>;
  readonly move: (status: Status) => void;
}

function Card({ task, focused, move }: CardProps) {
  const select = useRef<HTMLSelectElement>(null);
  useLayoutEffect(() => {
    if (focused.current === task.id) select.current?.focus();
  }, [focused, task.id]);
  return (
    <article>
      {task.title}
      <select
        aria-label={`Status of ${task.title}`}
        ref={select}
        onFocus={() => {
          focused.current = task.id;
        }}
        onBlur={() => {
          focused.current = null;
        }}
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
