import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { verify } from '@node-rs/argon2';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { seed } from './seed.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(() => database.close());

test('Ada and Grace can sign in with the demo password', async () => {
  expect(await seed(database.url)).toBe(true);
  const users = await database.query<{ email: string; role: string; color: string; password_hash: string }>(
    'SELECT email, role, color, password_hash FROM users JOIN user_secrets ON user_id = id ORDER BY email',
  );
  expect(users).toMatchObject([
    { email: 'ada@example.com', role: 'ADMIN' },
    { email: 'grace@example.com', role: 'MEMBER' },
  ]);
  for (const user of users) {
    expect(user.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await verify(user.password_hash, 'correct horse battery staple')).toBe(true);
    expect(user.color).toMatch(/^#[0-9a-f]{6}$/);
  }
});

test('both belong to the workspace "Demo", which has tasks in each column, and comments', async () => {
  await seed(database.url);
  expect(
    await database.query(
      `SELECT w.name, u.email, m.role FROM members m JOIN users u ON u.id = user_id JOIN workspaces w ON w.id = workspace_id ORDER BY email`,
    ),
  ).toEqual([
    { name: 'Demo', email: 'ada@example.com', role: 'OWNER' },
    { name: 'Demo', email: 'grace@example.com', role: 'EDITOR' },
  ]);
  const columns = await database.query<{ status: string }>('SELECT DISTINCT status FROM tasks ORDER BY status');
  expect(columns.map((row) => row.status)).toEqual(['TODO', 'DOING', 'DONE']);
  expect(await database.query('SELECT FROM comments')).not.toHaveLength(0);
});

test('the demo arrives as one transaction', async () => {
  await seed(database.url);
  expect(await database.query('SELECT DISTINCT xid FROM sync.outbox')).toHaveLength(1);
});

test('a database that has a user stays as it is', async () => {
  await database.query(`INSERT INTO users (email, name, color) VALUES ('someone@example.com', 'Someone', '#000000')`);
  expect(await seed(database.url)).toBe(false);
  expect(await database.query('SELECT email FROM users')).toEqual([{ email: 'someone@example.com' }]);
  expect(await database.query('SELECT FROM workspaces')).toHaveLength(0);
});

test('of two that seed at once, one does', async () => {
  const written = await Promise.all([seed(database.url), seed(database.url)]);
  expect(written.sort()).toEqual([false, true]);
  expect(await database.query('SELECT FROM users')).toHaveLength(2);
});
