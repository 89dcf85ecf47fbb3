import type pg from 'pg';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** One kind of write by plain SQL; it runs in a transaction of its own, which commits unless it says otherwise. */
export interface SqlWrite {
  readonly name: string;
  /** How often, beside the others. */
  readonly weight: number;
  run(client: pg.ClientBase): Promise<void>;
}

export const HOT_WRITE = 'hot row under an early xid';

const twoMegabytes = 2_000_000;
const twentyKilobytes = 20_000;

/** Everything a program may do to the tables behind the API's back. */
export function sqlWrites(world: World, random: Random, pause: (ms: number) => Promise<void>): SqlWrite[] {
  const { workspaces, large } = world;
  const [, second, third] = workspaces;
  const small = workspaces.slice(0, 3);
  const movable = world.users.filter((user) => !world.settled.includes(user));
  const someTasks = (count: number) =>
    `SELECT id FROM tasks WHERE position NOT IN ('bulk', 'hot') ORDER BY md5(id::text || '${random.between(0, 1e9)}') LIMIT ${count}`;
  const status = () => random.pick(['TODO', 'DOING', 'DONE']);
  const touch = (client: pg.ClientBase, count: number) =>
    client.query(`UPDATE tasks SET status = $1, priority = $2 WHERE id IN (${someTasks(count)})`, [
      status(),
      random.between(0, 4),
    ]);
  const create = (client: pg.ClientBase, count: number, description = '') =>
    client.query(
      `INSERT INTO tasks (workspace_id, title, priority, status, description, assignee_id)
       SELECT $1, 'Task ' || $2 || n, $3, $4, $5, $6 FROM generate_series(1, ${count}) AS n`,
      [
        random.pick(small),
        random.between(0, 9999),
        random.between(0, 4),
        status(),
        description,
        random.chance(0.5) ? random.pick(world.users).id : null,
      ],
    );
  const joinOne = (client: pg.ClientBase) =>
    client.query(
      'INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, $3) ON CONFLICT (workspace_id, user_id) DO UPDATE SET role = excluded.role',
      [random.pick([second, third]), random.pick(movable).id, random.pick(['EDITOR', 'VIEWER', 'OWNER'])],
    );
  const leaveOne = (client: pg.ClientBase) =>
    client.query(
      `DELETE FROM members WHERE id IN (SELECT id FROM members WHERE user_id = ANY ($1::uuid[]) AND workspace_id = ANY ($2::uuid[]) ORDER BY md5(id::text || $3) LIMIT 1)`,
      [movable.map(({ id }) => id), workspaces, String(random.between(0, 1e9))],
    );

  return [
    { name: 'several rows', weight: 8, run: async (client) => void (await touch(client, random.between(1, 8))) },
    { name: 'new rows', weight: 6, run: async (client) => void (await create(client, random.between(1, 5))) },
    {
      name: 'the same row several times',
      weight: 4,
      async run(client) {
        for (let times = 0; times < 3; times++) await touch(client, 2);
        await create(client, 1);
      },
    },
    {
      name: 'made and deleted',
      weight: 2,
      async run(client) {
        const { rows } = await client.query<{ id: string }>(
          `INSERT INTO tasks (workspace_id, title) VALUES ($1, 'Brief') RETURNING id`,
          [random.pick(small)],
        );
        await client.query('DELETE FROM tasks WHERE id = $1', [rows[0]?.id]);
        await touch(client, 1);
      },
    },
    {
      name: 'deleted and made again',
      weight: 2,
      async run(client) {
        const { rows } = await client.query<{ id: string; workspace_id: string }>(
          `DELETE FROM tasks WHERE id IN (${someTasks(1)}) RETURNING id, workspace_id`,
        );
        const [task] = rows;
        if (task === undefined) return;
        await client.query(`INSERT INTO tasks (id, workspace_id, title) VALUES ($1, $2, 'Again')`, [
          task.id,
          task.workspace_id,
        ]);
      },
    },
    {
      name: 'commits late',
      weight: 3,
      async run(client) {
        await touch(client, 1);
        await pause(random.between(100, 3_000));
        await create(client, 1);
      },
    },
    {
      name: 'early xid, late rows',
      weight: 3,
      async run(client) {
        await client.query('SELECT pg_current_xact_id()');
        await pause(random.between(50, 800));
        await touch(client, 3);
      },
    },
    {
      name: HOT_WRITE,
      // Of two that meet, the one with the smaller xid may well come second.
      weight: 1,
      async run(client) {
        await client.query('SELECT pg_current_xact_id()');
        await pause(random.between(0, 60));
        await client.query(`UPDATE tasks SET priority = $1 WHERE position = 'hot'`, [random.between(0, 4)]);
      },
    },
    {
      name: 'rolled back',
      weight: 3,
      async run(client) {
        await touch(client, 5);
        await create(client, 2);
        await client.query('ROLLBACK');
        await client.query('BEGIN');
      },
    },
    {
      name: 'savepoints',
      weight: 3,
      async run(client) {
        await touch(client, 2);
        await client.query('SAVEPOINT one');
        await create(client, 3);
        await client.query(random.chance(0.5) ? 'ROLLBACK TO one' : 'RELEASE one');
        await touch(client, 1);
      },
    },
    { name: '20 KB row', weight: 1, run: async (c) => void (await create(c, 1, text(random, twentyKilobytes))) },
    { name: '2 MB row', weight: 0.3, run: async (c) => void (await create(c, 1, text(random, twoMegabytes))) },
    {
      name: 'thousands of rows',
      weight: 0.3,
      async run(client) {
        const rest = random.between(0, 3);
        await client.query(
          `UPDATE tasks SET priority = (priority + 1) % 5 WHERE workspace_id = $1 AND position = 'bulk' AND hashtext(title) % 4 <> $2`,
          [large, rest],
        );
      },
    },
    {
      name: 'written again by a trigger',
      weight: 2,
      run: async (client) => void (await client.query(`UPDATE tasks SET title = 'Call' WHERE position = 'echo'`)),
    },
    {
      name: 'moves',
      weight: 4,
      async run(client) {
        await client.query(`UPDATE tasks SET workspace_id = $1 WHERE id IN (${someTasks(random.between(1, 3))})`, [
          random.pick(small),
        ]);
      },
    },
    {
      name: 'key changed',
      weight: 2,
      // Comments follow their task's workspace by ON UPDATE CASCADE, and its key too.
      run: async (client) =>
        void (await client.query(`UPDATE tasks SET id = gen_random_uuid() WHERE id IN (${someTasks(1)})`)),
    },
    {
      name: 'deletes with comments',
      weight: 3,
      run: async (client) =>
        void (await client.query(`DELETE FROM tasks WHERE id IN (${someTasks(random.between(1, 5))})`)),
    },
    {
      name: 'comments',
      weight: 4,
      run: async (client) =>
        void (await client.query(
          `INSERT INTO comments (workspace_id, task_id, author_id, body)
           SELECT workspace_id, id, $1, 'Says ' || title FROM tasks WHERE id IN (${someTasks(3)})`,
          [random.pick(world.users).id],
        )),
    },
    { name: 'TRUNCATE', weight: 0.08, run: async (client) => void (await client.query('TRUNCATE comments')) },
    {
      name: 'workspace with member and task',
      weight: 2.5,
      async run(client) {
        await client.query(
          `WITH w AS (INSERT INTO workspaces (name) VALUES ('Passing') RETURNING id),
                m AS (INSERT INTO members (workspace_id, user_id, role) SELECT id, $1, 'OWNER' FROM w RETURNING workspace_id)
           INSERT INTO tasks (workspace_id, title) SELECT workspace_id, 'First' FROM m`,
          [random.pick(movable).id],
        );
      },
    },
    {
      name: 'workspace deleted',
      weight: 2,
      run: async (client) =>
        void (await client.query(
          `DELETE FROM workspaces WHERE id IN (SELECT id FROM workspaces WHERE name = 'Passing' LIMIT 1)`,
        )),
    },
    { name: 'member added or changed', weight: 1.2, run: async (client) => void (await joinOne(client)) },
    { name: 'member removed', weight: 0.8, run: async (client) => void (await leaveOne(client)) },
    {
      name: 'member removed while writes are in flight',
      weight: 0.6,
      async run(client) {
        await touch(client, 5);
        await leaveOne(client);
        await pause(random.between(10, 300));
        await touch(client, 5);
      },
    },
    {
      name: 'person renamed',
      weight: 1,
      run: async (client) =>
        void (await client.query(`UPDATE users SET name = split_part(name, ' ', 1) || ' ' || $2 WHERE id = $1`, [
          random.pick(world.users).id,
          random.between(1, 99),
        ])),
    },
  ];
}

function text(random: Random, length: number): string {
  // Not compressible to nothing, or it would be no test of size.
  const word = () => random.between(0, 0x7fffffff).toString(36);
  return Array.from({ length: 100 }, word)
    .join(' ')
    .repeat(Math.ceil(length / 500))
    .slice(0, length);
}
