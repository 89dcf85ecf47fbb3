import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { MemberRole } from '@sync-hub/api/authority/authority';
import { createDirectory } from '@sync-hub/api/authority/directory';
import { loadAuthority } from '@sync-hub/api/authority/load';
import type { MemberRow } from '@sync-hub/api/authority/member-row';
import { columnSql } from '@sync-hub/api/model/field';
import type { Model, Policy } from '@sync-hub/api/model/model';
import { tableOf } from '@sync-hub/api/model/table';
import { queryThrough } from '@sync-hub/api/model/transaction';
import { models } from '@sync-hub/api/schema/models';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createPrisma } from '@sync-hub/prisma/client';
import fc from 'fast-check';

let database: TestDatabase;
let prisma: ReturnType<typeof createPrisma>;

beforeAll(async () => {
  database = await createTestDatabase();
  prisma = createPrisma({ databaseUrl: database.url, maxConnections: 4 });
});
afterAll(async () => {
  await prisma?.$disconnect();
  await database?.close();
});

const people = 4;
const workspaces = 3;
const person = fc.integer({ min: 1, max: people });
const workspace = fc.integer({ min: 1, max: workspaces });
const somebody = fc.option(person);
const role = fc.constantFrom<MemberRole>('OWNER', 'EDITOR', 'VIEWER');

const generatedWorld = fc.record({
  admins: fc.uniqueArray(person, { maxLength: 2 }),
  members: fc.uniqueArray(fc.record({ workspace, person, role }), {
    selector: (member) => `${member.workspace} ${member.person}`,
    maxLength: people * workspaces,
  }),
  tasks: fc.array(fc.record({ workspace, author: somebody }), { minLength: 1, maxLength: 6 }),
});
type GeneratedWorld = typeof generatedWorld extends fc.Arbitrary<infer World> ? World : never;

/** Ids can be read: the nth workspace is 22222222-…-n. */
function idOf(kind: number, n: number): string {
  return `${String(kind).repeat(8)}-0000-4000-8000-${String(n).padStart(12, '0')}`;
}
const userId = (n: number) => idOf(1, n);
const workspaceId = (n: number) => idOf(2, n);

/** Writes the world; each task has a comment by the task's author, each user a session. */
async function write({ admins, members, tasks }: GeneratedWorld): Promise<void> {
  await database.query('DELETE FROM workspaces');
  await database.query('DELETE FROM users');
  await database.query(
    `INSERT INTO users (id, email, name, color, role)
     SELECT id, n || '@example.com', 'U', '#123456', (CASE WHEN n = ANY ($2::int[]) THEN 'ADMIN' ELSE 'MEMBER' END)::user_role
     FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n)`,
    [Array.from({ length: people }, (_, index) => userId(index + 1)), admins],
  );
  await database.query(`INSERT INTO sessions (user_id, expires_at) SELECT id, now() + interval '1 day' FROM users`);
  await database.query(`INSERT INTO workspaces (id, name) SELECT id, 'W' FROM unnest($1::uuid[]) AS w (id)`, [
    Array.from({ length: workspaces }, (_, index) => workspaceId(index + 1)),
  ]);
  await database.query(
    `INSERT INTO members (workspace_id, user_id, role)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[]::member_role[])`,
    [
      members.map((member) => workspaceId(member.workspace)),
      members.map((member) => userId(member.person)),
      members.map((member) => member.role),
    ],
  );
  await database.query(
    `WITH t AS (INSERT INTO tasks (workspace_id, title, created_by_id)
                SELECT workspace, 'T', author FROM unnest($1::uuid[], $2::uuid[]) AS t (workspace, author)
                RETURNING id, workspace_id, created_by_id)
     INSERT INTO comments (workspace_id, task_id, author_id, body) SELECT workspace_id, id, created_by_id, 'C' FROM t`,
    [tasks.map((task) => workspaceId(task.workspace)), tasks.map((task) => task.author && userId(task.author))],
  );
}

describe('a rule says of each row what it finds with SQL', () => {
  const operations = ['read', 'create', 'update', 'delete'] as const satisfies readonly (keyof Policy)[];

  test('for every policy of every model, whatever the viewer is, however it asks', async () => {
    const property = fc.asyncProperty(generatedWorld, async (world) => {
      await write(world);
      const directory = createDirectory({
        members: await database.query<MemberRow>('SELECT id, version, workspace_id, user_id, role FROM members'),
        adminIds: world.admins.map(userId),
      });
      const rowsOf = new Map(
        await Promise.all(models.map(async (model) => [model, await tableOf(model, prisma).find({})] as const)),
      );
      for (let viewer = 1; viewer <= people; viewer += 1) {
        const followed = directory.authorityOf(userId(viewer));
        const read = await loadAuthority(queryThrough(prisma), { userId: userId(viewer) });
        const judge = async (model: Model, operation: (typeof operations)[number]) => {
          const rule = model.policy[operation];
          const allowed = rowsOf.get(model)?.filter((row) => rule.allows(followed, row)) ?? [];
          const found = await tableOf(model, prisma).find(rule.where(read));
          const names = { viewerId: '$1::uuid', column: (field: string) => `target.${columnSql(field)}` };
          const judged = await database.query<{ id: string }>(
            `SELECT id FROM ${model.table} target WHERE $1::uuid IS NOT NULL AND ${rule.condition(names)}`,
            [userId(viewer)],
          );
          for (const rows of [found, judged])
            expect([model.name, operation, idsOf(rows)]).toEqual([model.name, operation, idsOf(allowed)]);
        };
        await Promise.all(models.flatMap((model) => operations.map((operation) => judge(model, operation))));
      }
    });
    await fc.assert(property, { numRuns: 10, interruptAfterTimeLimit: 8_000 });
  });
});

function idsOf(rows: readonly { readonly [field: string]: unknown }[]): string[] {
  return rows.map((row) => String(row['id'])).sort();
}
