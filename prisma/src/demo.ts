/** What a fresh installation shows: two people, one workspace, and tasks in each column. Public knowledge, passwords included. */

export const DEMO_PASSWORD = 'correct horse battery staple';

export const demoUsers = [
  { email: 'ada@example.com', name: 'Ada', color: '#7c3aed', role: 'ADMIN' },
  { email: 'grace@example.com', name: 'Grace', color: '#0e7490', role: 'MEMBER' },
] as const;

export const demoWorkspace = {
  name: 'Demo',
  members: [
    { email: 'ada@example.com', role: 'OWNER' },
    { email: 'grace@example.com', role: 'EDITOR' },
  ],
} as const;

type DemoEmail = (typeof demoUsers)[number]['email'];

interface DemoTask {
  readonly status: 'TODO' | 'DOING' | 'DONE';
  readonly title: string;
  readonly description: string;
  readonly priority: number;
  readonly assignee: DemoEmail | null;
  readonly comments: readonly { readonly author: DemoEmail; readonly body: string }[];
}

export const demoTasks: readonly DemoTask[] = [
  {
    status: 'TODO',
    title: 'Open a second browser window as Grace',
    description: 'Whatever one window changes shows in the other, without a refresh.',
    priority: 3,
    assignee: 'ada@example.com',
    comments: [{ author: 'grace@example.com', body: 'I am in. Move a card, and I will see it.' }],
  },
  {
    status: 'TODO',
    title: 'Change a task with psql',
    description:
      "UPDATE tasks SET title = 'Changed behind the API''s back' WHERE status = 'TODO'; every client sees that too.",
    priority: 2,
    assignee: null,
    comments: [],
  },
  {
    status: 'DOING',
    title: 'Stop the listener, write something, start it again',
    description: 'Writes do not wait for it, and what was written meanwhile arrives in order.',
    priority: 4,
    assignee: 'grace@example.com',
    comments: [
      { author: 'ada@example.com', body: 'Does kill -9 count?' },
      { author: 'grace@example.com', body: 'It is the honest way to stop it.' },
    ],
  },
  {
    status: 'DONE',
    title: 'Start everything with one command',
    description: 'npm start',
    priority: 1,
    assignee: 'ada@example.com',
    comments: [{ author: 'ada@example.com', body: 'Nothing to install but Node.' }],
  },
];
