import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

test('a test database has every migration', async () => {
  expect(
    await database.query("SELECT to_regclass('tasks')::text AS tasks, to_regclass('sync.outbox')::text AS outbox"),
  ).toEqual([{ tasks: 'tasks', outbox: 'sync.outbox' }]);
});
