import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createPrisma } from '@sync-hub/prisma/client';
import { models } from '../schema/models.ts';
import { requireTracked } from './require-tracked.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query('CREATE SCHEMA other');
  for (const table of ['"order"', 'other.things', 'notes', 'drafts'])
    await database.query(`CREATE TABLE ${table} (id uuid PRIMARY KEY)`);
  for (const table of ['"order"', 'other.things']) await database.query('SELECT sync.track($1::regclass)', [table]);
});
afterAll(() => database?.close());

async function requiring(tables: readonly object[], options = ''): Promise<void> {
  const prisma = createPrisma({ databaseUrl: `${database.url}${options}` });
  try {
    await requireTracked(prisma, tables as typeof models);
  } finally {
    await prisma.$disconnect();
  }
}

test('every model of the API is tracked by the migrations', async () => {
  await expect(requiring(models)).resolves.toBeUndefined();
});

test('models whose tables are not tracked are named, each with the call that tracks it', async () => {
  const note = { name: 'Note', table: 'notes', workspace: 'workspaceId' };
  const refused = requiring([...models, note, { name: 'Draft', table: 'drafts' }]);
  await expect(refused).rejects.toThrow(/SELECT sync\.track\('notes', 'workspace_id'\); -- the table of Note\n/);
  await expect(refused).rejects.toThrow(/SELECT sync\.track\('drafts'\); -- the table of Draft\n/);
  await expect(refused).rejects.not.toThrow(/sync\.track\('tasks'/);
});

test('a table is known by the name that the log gives it, whatever the session is set to', async () => {
  const tables = [
    { name: 'Task', table: 'tasks' },
    { name: 'Thing', table: 'other.things' },
    { name: 'Order', table: '"order"' },
  ];
  const setTo = (settings: string) => `?options=${encodeURIComponent(settings)}`;
  for (const options of ['', setTo('-c search_path=other'), setTo('-c quote_all_identifiers=on')])
    await expect(requiring(tables, options)).resolves.toBeUndefined();
  // By these the log does not know them, so that subscriptions would be silent.
  for (const table of ['things', 'public.tasks', 'order'])
    await expect(requiring([{ name: 'Misnamed', table }])).rejects.toThrow(
      'Tracked are: "order", comments, members, other.things, sessions, tasks, users, workspaces.',
    );
});
