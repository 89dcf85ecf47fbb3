import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';

export interface NotifyTable {
  readonly database: TestDatabase;
  readonly channel: string;
  readonly ids: readonly string[];
}

/**
 * A table as wide as ours whose trigger sends each changed row as the payload of a NOTIFY, in a database of its own: what
 * a peer is fed by. Each has its own, or it would be busy with the events of others. It costs them nothing to choose or to
 * shorten: the payload is what their subscribers ask for.
 */
export async function createNotifyTable(rows: number): Promise<NotifyTable> {
  const database = await createTestDatabase();
  await database.query('CREATE TABLE plain_tasks (LIKE tasks INCLUDING ALL)');
  await database.query(triggerSql);
  const inserted = await database.query<{ id: string }>(insertSql, [rows]);
  await database.query('CREATE TRIGGER notify AFTER UPDATE ON plain_tasks FOR EACH ROW EXECUTE FUNCTION notify_task()');
  return { database, channel: 'task_changed', ids: inserted.map(({ id }) => id) };
}

const triggerSql = `
  CREATE FUNCTION notify_task() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_notify('task_changed', json_build_object(
      'id', NEW.id, 'title', NEW.title, 'status', NEW.status, 'version', NEW.version)::text);
    RETURN NULL;
  END $$`;

const insertSql = `
  INSERT INTO plain_tasks (workspace_id, title)
  SELECT gen_random_uuid(), 'Task ' || number FROM generate_series(1, $1) AS number
  RETURNING id`;
