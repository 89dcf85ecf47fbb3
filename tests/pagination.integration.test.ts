import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import * as operations from '@sync-hub/sdk/generated/graphql';
import { addPerson } from './cast.ts';
import { type Person, uuidOf } from './person.ts';

interface Order<Field> {
  readonly field: Field;
  readonly direction: operations.OrderDirection;
}
interface PageArguments {
  readonly first?: number;
  readonly after?: string | null;
  readonly last?: number;
  readonly before?: string | null;
}
interface Page {
  readonly nodes: readonly { readonly id: string }[];
  readonly pageInfo: operations.PageInfoFieldsFragment;
}
/** A connection that is walked: its table, its orders, and how a page of it is asked for. */
interface Walked<Field extends string> {
  readonly table: string;
  readonly fields: readonly Field[];
  page(orderBy: Order<Field>[], page: PageArguments): Promise<Page | null>;
}

/** So many rows in each table, of which many are equal in every field that can be ordered by. */
const rowCount = 32;
const pageSize = 13;

let hub: Hub;
let viewer: Person;

const connections = [
  walked({
    table: 'workspaces',
    fields: Object.values(operations.WorkspaceOrderField),
    page: async (orderBy, page) =>
      (await viewer.request(operations.WorkspacesDocument, { orderBy, ...page })).workspaces,
  }),
  walked({
    table: 'members',
    fields: Object.values(operations.MemberOrderField),
    page: async (orderBy, page) => (await viewer.request(operations.MembersDocument, { orderBy, ...page })).members,
  }),
  walked({
    table: 'tasks',
    fields: Object.values(operations.TaskOrderField),
    page: async (orderBy, page) => (await viewer.request(operations.TasksDocument, { orderBy, ...page })).tasks,
  }),
  walked({
    table: 'comments',
    fields: Object.values(operations.CommentOrderField),
    page: async (orderBy, page) => (await viewer.request(operations.CommentsDocument, { orderBy, ...page })).comments,
  }),
  walked({
    table: 'users',
    fields: Object.values(operations.UserOrderField),
    page: async (orderBy, page) => (await viewer.request(operations.UsersDocument, { orderBy, ...page })).users,
  }),
  walked({
    table: 'sessions',
    fields: Object.values(operations.SessionOrderField),
    page: async (orderBy, page) =>
      (await viewer.request(operations.AllSessionsDocument, { orderBy, ...page })).allSessions,
  }),
];

/** The same, whatever its orders are called: the walk hands back only what `fields` gave. */
function walked<Field extends string>(connection: Walked<Field>): Walked<string> {
  return connection as unknown as Walked<string>;
}

beforeAll(async () => {
  hub = await startHub();
  viewer = await addPerson(hub.database, hub.urls[0] ?? '', { name: 'Viewer' });
  // Everything is in sight of the viewer: one workspace has everybody in it, the others the viewer alone.
  await hub.database.query(
    `WITH n AS (SELECT n, '2026-01-01'::timestamptz + n % 3 * interval '1 ms' AS created_at,
                       '2026-01-01'::timestamptz + n % 4 * interval '1 day' AS updated_at,
                       (ARRAY['', 'Z', 'a', 'Ä', 'ä', 'z', '😀'])[n % 7 + 1] AS text
                FROM generate_series(1, $2::int) AS n),
          u AS (INSERT INTO users (email, name, color, created_at, updated_at)
                SELECT n || '@example.com', 'U' || text, '#123456', created_at, updated_at FROM n RETURNING id),
          s AS (INSERT INTO sessions (user_id, created_at, updated_at, expires_at)
                SELECT $1, created_at, updated_at, now() + n % 5 * interval '1 day' FROM n),
          w AS (INSERT INTO workspaces (name, created_at, updated_at)
                SELECT 'W' || text, created_at, updated_at FROM n RETURNING id),
          shared AS (SELECT id FROM w LIMIT 1),
          m AS (INSERT INTO members (workspace_id, user_id, role)
                SELECT id, $1::uuid, 'OWNER'::member_role FROM w
                UNION ALL SELECT shared.id, u.id, 'EDITOR' FROM shared, u),
          t AS (INSERT INTO tasks (workspace_id, title, status, priority, position, due_at, created_at, updated_at)
                SELECT id, 'T' || text, (ARRAY['TODO', 'DOING', 'DONE'])[n % 3 + 1]::task_status, n % 5,
                       (ARRAY['A', 'Z', 'a', 'a0'])[n % 4 + 1], CASE WHEN n % 3 > 0 THEN created_at END, created_at, updated_at
                FROM n, shared RETURNING id, workspace_id)
     INSERT INTO comments (workspace_id, task_id, body, created_at, updated_at)
     SELECT workspace_id, id, 'C', created_at, updated_at FROM n, (SELECT * FROM t LIMIT 1) AS one`,
    [uuidOf(viewer.userId), rowCount],
  );
}, 60_000);
afterAll(() => hub?.close(), 30_000);

/** Ids in the order that SQL gives: NULLs last, ties by id. */
async function orderedIds(table: string, orders: readonly Order<string>[]): Promise<string[]> {
  const keys = orders.map(({ field, direction }) => `${field.toLowerCase()} ${direction} NULLS LAST`);
  const rows = await hub.database.query<{ id: string }>(`SELECT id FROM ${table} ORDER BY ${[...keys, 'id'].join()}`);
  return rows.map(({ id }) => id);
}

/** Walks to the end. @param between  runs before each page but the first, with the id at which the page before ended. */
async function walk(
  connection: Walked<string>,
  orders: Order<string>[],
  backward: boolean,
  between: (lastId: string) => Promise<void> = async () => {},
): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  for (;;) {
    const place: PageArguments = backward ? { last: pageSize, before: cursor } : { first: pageSize, after: cursor };
    const page = await connection.page(orders, place);
    if (page === null) throw new Error('no page');
    const { startCursor, endCursor, hasNextPage, hasPreviousPage } = page.pageInfo;
    const found = page.nodes.map(({ id }) => uuidOf(id));
    ids.push(...(backward ? found.reverse() : found));
    if (!(backward ? hasPreviousPage : hasNextPage)) return backward ? ids.reverse() : ids;
    expect(found).toHaveLength(pageSize);
    cursor = backward ? startCursor : endCursor;
    await between(ids.at(-1) ?? '');
  }
}

describe.each(connections.map((connection) => [connection.table, connection] as const))('%s', (table, connection) => {
  const directions = ['ASC', 'DESC'] as const;
  const byOne = connection.fields.flatMap((field) => directions.map((direction) => [{ field, direction }]));
  const byAll = connection.fields.slice(0, 5).map((field, n) => ({ field, direction: directions[n % 2] ?? 'ASC' }));
  const orders = [[], ...byOne, byAll, [...byAll].reverse()];
  const title = (order: Order<string>[]) => order.map(({ field, direction }) => `${field} ${direction}`).join(', ');

  test.each(orders.map((order) => [title(order) || 'id', order] as const))(
    'by %s come in pages, from either end, as one SELECT gives them',
    async (_, order) => {
      const expected = await orderedIds(table, order);
      expect(expected.length).toBeGreaterThanOrEqual(rowCount);
      expect(await walk(connection, order, false)).toEqual(expected);
      expect(await walk(connection, order, true)).toEqual(expected);
    },
  );
});

describe('rows that come and go between two pages', () => {
  const tasks = connections.find(({ table }) => table === 'tasks');
  const ends = ['first', 'last'] as const;
  const cases = tasks?.fields.flatMap((field) => ends.map((end) => [field, end] as const)) ?? [];

  test.each(cases)(
    'by %s, from the %s: each page goes on exactly where the one before it ended',
    async (field, end) => {
      if (tasks === undefined) throw new Error('no tasks');
      const order = [{ field, direction: 'DESC' as const }];
      const inWalkingOrder = async () => {
        const ids = await orderedIds('tasks', order);
        return end === 'last' ? ids.reverse() : ids;
      };
      const expected = (await inWalkingOrder()).slice(0, pageSize);
      const walkedIds = await walk(tasks, order, end === 'last', async (lastId) => {
        await hub.database.query(
          `WITH d AS (DELETE FROM tasks WHERE id IN (SELECT id FROM tasks WHERE id <> $1 ORDER BY random() LIMIT 2))
         INSERT INTO tasks (workspace_id, title, status, priority, position, due_at, created_at, updated_at)
         SELECT workspace_id, title, status, priority, position, due_at, created_at, updated_at
         FROM tasks ORDER BY random() LIMIT 3`,
          [lastId],
        );
        const ids = await inWalkingOrder();
        const next = ids.indexOf(lastId) + 1;
        expected.push(...ids.slice(next, next + pageSize));
        await hub.database.query('DELETE FROM tasks WHERE id = $1', [lastId]);
      });
      expect(end === 'last' ? walkedIds.reverse() : walkedIds).toEqual(expected);
    },
  );
});
