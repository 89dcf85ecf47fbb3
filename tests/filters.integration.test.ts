import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFilter } from '@sync-hub/api/model/filter';
import { matches } from '@sync-hub/api/model/match';
import { bothWheres, prismaWhere } from '@sync-hub/api/model/prisma-where';
import { rowFromRecord } from '@sync-hub/api/model/record-row';
import { tableOf } from '@sync-hub/api/model/table';
import { task } from '@sync-hub/api/schema/task';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createPrisma } from '@sync-hub/prisma/client';
import fc from 'fast-check';
import { filterOf, type GeneratedTask, taskOf, userIds } from './filter-arbitraries.ts';
import { sqlCondition } from './filter-sql.ts';

let database: TestDatabase;
let prisma: ReturnType<typeof createPrisma>;

beforeAll(async () => {
  database = await createTestDatabase();
  prisma = createPrisma({ databaseUrl: database.url, maxConnections: 4 });
  await database.query(
    `INSERT INTO users (id, email, name, color)
     SELECT id, id || '@example.com', 'U', '#123456' FROM unnest($1::uuid[]) AS u (id)`,
    [userIds],
  );
});
afterAll(async () => {
  await prisma?.$disconnect();
  await database?.close();
});

interface StoredTask {
  readonly id: string;
  readonly json: string;
  readonly [column: string]: string;
}

/** Writes the tasks into a workspace of their own. @returns its id and the rows as the log would carry them. */
async function write(tasks: readonly GeneratedTask[]): Promise<{ workspaceId: string; stored: StoredTask[] }> {
  const workspaceId = randomUUID();
  await database.query(`INSERT INTO workspaces (id, name) VALUES ($1, 'W')`, [workspaceId]);
  const column = (name: keyof GeneratedTask) => tasks.map((one) => one[name]);
  const stored = await database.query<StoredTask>(
    `INSERT INTO tasks (workspace_id, title, priority, status, due_at, assignee_id)
     SELECT $1, * FROM unnest($2::text[], $3::int[], $4::text[]::task_status[], $5::timestamptz[], $6::uuid[])
     RETURNING id, row_to_json(tasks)::text AS json`,
    [workspaceId, ...(['title', 'priority', 'status', 'dueAt', 'assigneeId'] as const).map(column)],
  );
  return { workspaceId, stored };
}

test('a filter tells rows of the log apart exactly as SELECT finds them, and both as SQL says', async () => {
  const property = fc.asyncProperty(
    fc.array(taskOf, { minLength: 1, maxLength: 8 }),
    fc.array(filterOf, { minLength: 1, maxLength: 10 }),
    async (tasks, inputs) => {
      const { workspaceId, stored } = await write(tasks);
      for (const input of inputs) {
        const filter = readFilter(task, input);
        const matched = stored.filter(({ json }) => matches(filter, rowFromRecord(task, JSON.parse(json))));
        const where = bothWheres({ workspaceId }, prismaWhere(filter));
        const found = await tableOf(task, prisma).find(where);
        const params: unknown[] = [workspaceId];
        const meant = await database.query<{ id: string }>(
          `SELECT id FROM tasks WHERE workspace_id = $1 AND (${sqlCondition(input, params)})`,
          params,
        );
        expect({ input, matched: idsOf(matched), found: idsOf(found) }).toEqual({
          input,
          matched: idsOf(meant),
          found: idsOf(meant),
        });
      }
    },
  );
  await fc.assert(property, { numRuns: 60, interruptAfterTimeLimit: 8_000 });
}, 60_000);

test('upper and lower case are the same to the matcher and to Postgres, for every letter up to U+A7CD', async () => {
  const rows = await database.query<{ point: number; lower: string }>(
    `SELECT point, lower(chr(point) COLLATE pg_unicode_fast) AS lower
     FROM generate_series(1, 42957) AS point`,
  );
  const different = rows.filter(({ point, lower }) => String.fromCodePoint(point).toLowerCase() !== lower);
  expect(different).toEqual([]);
});

function idsOf(rows: readonly { readonly [field: string]: unknown }[]): string[] {
  return rows.map((row) => String(row['id'])).sort();
}
