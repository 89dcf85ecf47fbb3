import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import {
  type CapturedRow,
  type FoldedChange,
  foldTransactions,
  readCaptured,
  readTable,
  replay,
} from './testing/captured.ts';

const TABLES = ['users', 'sessions', 'workspaces', 'members', 'tasks', 'comments'];

let database: TestDatabase;
let lastSeen: string;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database?.close());

beforeEach(async () => {
  await newlyCaptured();
});

// Whatever a test did: who applied each transaction as captured, from the first, holds exactly the tables.
afterEach(async () => {
  const held = replay(foldTransactions(await readCaptured(database.query)));
  for (const table of TABLES) {
    expect([...(held.get(table)?.values() ?? [])].sort()).toEqual(await readTable(database.query, table));
  }
});

async function newlyCaptured(): Promise<CapturedRow[]> {
  const rows = await readCaptured(database.query, lastSeen);
  lastSeen = rows.reduce((largest, { id }) => (BigInt(id) > BigInt(largest) ? id : largest), lastSeen ?? '0');
  return rows;
}

/** What happened since it was last asked: one list a transaction, one entry a row. */
async function newChanges(): Promise<
  (Pick<FoldedChange, 'op' | 'table'> & Record<'before' | 'after', Record<string, unknown>>)[][]
> {
  const parse = (image: string | null) => (image === null ? {} : (JSON.parse(image) as Record<string, unknown>));
  return foldTransactions(await newlyCaptured()).map((changes) =>
    changes.map(({ op, table, before, after }) => ({ op, table, before: parse(before), after: parse(after) })),
  );
}

async function insert(table: string, row: Record<string, unknown>): Promise<string> {
  const columns = Object.keys(row);
  const [inserted] = await database.query<{ id: string }>(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((_, i) => `$${i + 1}`).join(', ')}) RETURNING id`,
    Object.values(row),
  );
  return String(inserted?.id);
}

const insertUser = () => insert('users', { email: `${randomUUID()}@example.com`, name: 'Someone', color: '#000000' });
const insertWorkspace = (name = 'Somewhere') => insert('workspaces', { name });
const insertTask = async (row: Record<string, unknown> = {}) =>
  insert('tasks', { workspace_id: await insertWorkspace(), title: 'Something', ...row });

describe('one right change per row and transaction', () => {
  test('inserted, updated, deleted', async () => {
    const workspaceId = await insertWorkspace('One');
    await database.query(`UPDATE workspaces SET name = 'Two' WHERE id = $1`, [workspaceId]);
    await database.query(`DELETE FROM workspaces WHERE id = $1`, [workspaceId]);
    expect(await newlyCaptured()).toMatchObject([
      { table: 'workspaces', op: 'I', key: workspaceId, scope: workspaceId, old: null },
      { table: 'workspaces', op: 'U', key: workspaceId, scope: workspaceId },
      { table: 'workspaces', op: 'D', key: workspaceId, scope: workspaceId, new: null },
    ]);
  });

  test('a foreign key that sets two columns to NULL, one after the other', async () => {
    const userId = await insertUser();
    const taskId = await insertTask({ assignee_id: userId, created_by_id: userId });
    await newlyCaptured();
    await database.query('DELETE FROM users WHERE id = $1', [userId]);
    const rows = await newlyCaptured();
    expect(rows.map(({ table, op, key }) => [table, op, key])).toEqual([
      ['users', 'D', userId],
      ['tasks', 'U', taskId],
      ['tasks', 'U', taskId],
    ]);
    expect(rows[2]?.old).toBe(rows[1]?.new);
    const [transaction] = foldTransactions(rows);
    expect(transaction).toHaveLength(2);
    expect(JSON.parse(String(transaction?.[1]?.before))).toMatchObject({
      version: 1,
      assignee_id: userId,
      created_by_id: userId,
    });
    expect(JSON.parse(String(transaction?.[1]?.after))).toMatchObject({
      version: 3,
      assignee_id: null,
      created_by_id: null,
    });
  });

  test.each([' fires before', '~ fires after'])(
    'a trigger of the user’s that updates the row once more: "%s"',
    async (name) => {
      await database.query(`
      CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        UPDATE workspaces SET name = upper(name) WHERE id = NEW.id AND name <> upper(name);
        RETURN NULL;
      END $$;
      CREATE TRIGGER "${name}" AFTER INSERT OR UPDATE ON workspaces FOR EACH ROW EXECUTE FUNCTION shout()`);
      const workspaceId = await insertWorkspace('quiet');
      await database.query(`UPDATE workspaces SET name = 'hush' WHERE id = $1`, [workspaceId]);
      await database.query('DROP FUNCTION shout CASCADE');
      expect(await newChanges()).toMatchObject([
        [{ op: 'I', after: { name: 'QUIET', version: 2 } }],
        [{ op: 'U', before: { name: 'QUIET', version: 2 }, after: { name: 'HUSH', version: 4 } }],
      ]);
    },
  );

  test('COPY', async () => {
    await database.query(`COPY workspaces (name) FROM PROGRAM 'printf "one\\ntwo\\n"'`);
    expect(await newChanges()).toMatchObject([
      [
        { op: 'I', after: { name: 'one' } },
        { op: 'I', after: { name: 'two' } },
      ],
    ]);
  });

  test('INSERT … ON CONFLICT DO UPDATE', async () => {
    const workspaceId = await insertWorkspace('old');
    await newlyCaptured();
    await database.query(
      `INSERT INTO workspaces (id, name) VALUES ($1, 'taken'), (gen_random_uuid(), 'free')
       ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name`,
      [workspaceId],
    );
    expect(await newChanges()).toMatchObject([
      [
        { op: 'U', before: { name: 'old' }, after: { name: 'taken', version: 2 } },
        { op: 'I', after: { name: 'free', version: 1 } },
      ],
    ]);
  });

  test('MERGE', async () => {
    const [kept, gone] = [await insertWorkspace('kept'), await insertWorkspace('gone')];
    await newlyCaptured();
    await database.query(
      `MERGE INTO workspaces AS w
       USING (VALUES ($1::uuid, 'renamed'), ($2, NULL), (gen_random_uuid(), 'made')) AS wanted (id, name) ON w.id = wanted.id
       WHEN MATCHED AND wanted.name IS NULL THEN DELETE
       WHEN MATCHED THEN UPDATE SET name = wanted.name
       WHEN NOT MATCHED THEN INSERT (id, name) VALUES (wanted.id, wanted.name)`,
      [kept, gone],
    );
    const [transaction, ...others] = await newChanges();
    expect(others).toEqual([]);
    expect(transaction?.map(({ op, before, after }) => [op, before['name'], after['name']]).sort()).toEqual([
      ['D', 'gone', undefined],
      ['I', undefined, 'made'],
      ['U', 'kept', 'renamed'],
    ]);
  });

  test('a changed key: the old row goes and the new one comes, in one transaction', async () => {
    const [before, after] = [await insertUser(), randomUUID()];
    await newlyCaptured();
    await database.query('UPDATE users SET id = $2 WHERE id = $1', [before, after]);
    expect(await newlyCaptured()).toMatchObject([
      { op: 'D', key: before, new: null },
      { op: 'I', key: after, old: null },
    ]);
  });

  test('a changed scope: one update, of the new scope, whose old row shows the scope it left; what follows by foreign key, too', async () => {
    const [taskId, workspaceId] = [await insertTask(), await insertWorkspace()];
    const [{ workspace_id: oldWorkspaceId } = {}] = await database.query<{ workspace_id: string }>(
      'SELECT workspace_id FROM tasks WHERE id = $1',
      [taskId],
    );
    await insert('comments', { workspace_id: oldWorkspaceId, task_id: taskId, body: 'Along' });
    await newlyCaptured();
    await database.query('UPDATE tasks SET workspace_id = $2 WHERE id = $1', [taskId, workspaceId]);
    const rows = await newlyCaptured();
    expect(rows).toMatchObject([
      { table: 'tasks', op: 'U', key: taskId, scope: workspaceId },
      { table: 'comments', op: 'U', scope: workspaceId },
    ]);
    for (const row of rows) expect(JSON.parse(String(row.old))).toMatchObject({ workspace_id: oldWorkspaceId });
  });

  test('savepoints: what was rolled back never was, what was released belongs to the transaction', async () => {
    await database.query(`
      BEGIN;
      INSERT INTO workspaces (name) VALUES ('before');
      SAVEPOINT a; INSERT INTO workspaces (name) VALUES ('rolled back'); UPDATE workspaces SET name = 'also' WHERE name = 'before'; ROLLBACK TO a;
      SAVEPOINT b; UPDATE workspaces SET name = 'released' WHERE name = 'before'; RELEASE b;
      COMMIT`);
    expect(await newChanges()).toMatchObject([[{ op: 'I', after: { name: 'released', version: 2 } }]]);
  });

  test('a transaction that rolls back leaves nothing', async () => {
    await database.query(`BEGIN; INSERT INTO workspaces (name) VALUES ('never'); ROLLBACK`);
    expect(await newlyCaptured()).toEqual([]);
  });

  test('made and deleted in one transaction is nothing; deleted and made again is an update', async () => {
    const workspaceId = await insertWorkspace('first');
    await newlyCaptured();
    await database.query(`
      BEGIN;
      INSERT INTO workspaces (name) VALUES ('brief'); DELETE FROM workspaces WHERE name = 'brief';
      DELETE FROM workspaces WHERE id = '${workspaceId}'; INSERT INTO workspaces (id, name) VALUES ('${workspaceId}', 'second');
      COMMIT`);
    expect(await newChanges()).toMatchObject([
      [{ op: 'U', before: { name: 'first' }, after: { name: 'second', version: 1 } }],
    ]);
  });

  test('rows of 2 MB', async () => {
    const description = 'ä"\\\n'.repeat(500_000);
    const taskId = await insertTask({ description });
    await database.query(`UPDATE tasks SET title = 'Large' WHERE id = $1`, [taskId]);
    expect((await newChanges()).at(-1)).toMatchObject([
      { op: 'U', before: { description }, after: { description, title: 'Large' } },
    ]);
    await database.query('DELETE FROM tasks WHERE id = $1', [taskId]);
  });

  test('a workspace that takes all it holds with it', async () => {
    const [userId, taskId] = [await insertUser(), await insertTask()];
    const [{ workspace_id: workspaceId } = {}] = await database.query<{ workspace_id: string }>(
      'SELECT workspace_id FROM tasks WHERE id = $1',
      [taskId],
    );
    await insert('members', { workspace_id: workspaceId, user_id: userId, role: 'OWNER' });
    await insert('comments', { workspace_id: workspaceId, task_id: taskId, body: 'Gone with it' });
    await newlyCaptured();
    await database.query('DELETE FROM workspaces WHERE id = $1', [workspaceId]);
    const rows = await newlyCaptured();
    expect(rows.map(({ table, op, scope }) => [table, op, scope]).sort()).toEqual(
      ['comments', 'members', 'tasks', 'workspaces'].map((table) => [table, 'D', workspaceId]),
    );
    expect(rows[0]?.table).toBe('workspaces');
  });

  test('TRUNCATE: one mark for each table that it emptied, also by CASCADE', async () => {
    await insertTask();
    await newlyCaptured();
    await database.query('TRUNCATE workspaces CASCADE');
    const rows = await newlyCaptured();
    expect(rows.map(({ table }) => table).sort()).toEqual(['comments', 'members', 'tasks', 'workspaces']);
    for (const row of rows) expect(row).toMatchObject({ op: 'T', key: null, scope: null, old: null, new: null });
  });

  test('an UPDATE that matches nothing, or a row that is only locked, is no change', async () => {
    await insertWorkspace();
    await newlyCaptured();
    await database.query(`UPDATE workspaces SET name = 'none' WHERE false`);
    await database.query('SELECT FROM workspaces FOR UPDATE');
    expect(await newlyCaptured()).toEqual([]);
  });

  test('eight writers on a few rows, with savepoints and rollbacks', async () => {
    const keys = Array.from({ length: 6 }, () => randomUUID());
    const any = <T>(items: readonly T[]) => items[Math.floor(Math.random() * items.length)] as T;
    const statements = [
      (id: string) => `INSERT INTO workspaces (id, name) VALUES ('${id}', 'made') ON CONFLICT DO NOTHING`,
      (id: string) =>
        `INSERT INTO workspaces (id, name) VALUES ('${id}', 'made') ON CONFLICT (id) DO UPDATE SET name = 'upserted'`,
      (id: string) => `UPDATE workspaces SET name = 'updated' WHERE id = '${id}'`,
      (id: string) => `DELETE FROM workspaces WHERE id = '${id}'`,
      (id: string) => `SAVEPOINT s; DELETE FROM workspaces WHERE id = '${id}'; ROLLBACK TO s`,
    ];
    const write = async () => {
      for (let i = 0; i < 40; i++) {
        // Keys in one order, or the writers would deadlock.
        const touched = keys.filter(() => Math.random() < 0.4);
        const body = touched.map((key) => any(statements)(key)).join(';');
        await database.query(`BEGIN; ${body}; ${any(['COMMIT', 'COMMIT', 'ROLLBACK'])}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, write));
    expect(foldTransactions(await newlyCaptured()).length).toBeGreaterThan(50);
  });
});
