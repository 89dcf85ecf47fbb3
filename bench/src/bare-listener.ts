import { randomUUID } from 'node:crypto';
import { createTestDatabase } from '@sync-hub/dev/test-database';
import { createArrivals } from './arrivals.ts';
import { connect } from './connect.ts';
import type { LatencyProbe } from './latency-probe.ts';

/**
 * The least that can be done with Postgres alone: a writer commits a change with a NOTIFY, a LISTENer reads the row. No
 * log, no authority, nothing that survives a crash.
 *
 * It has a database of its own, where nobody else listens. Measured from the return of COMMIT to the row.
 */
export async function startBareListener(): Promise<LatencyProbe> {
  const database = await createTestDatabase();
  const id = randomUUID();
  // As wide as a task, and not tracked.
  await database.query('CREATE TABLE plain_tasks (LIKE tasks INCLUDING ALL)');
  await database.query(`INSERT INTO plain_tasks (id, workspace_id, title) VALUES ($1, gen_random_uuid(), 'a task')`, [
    id,
  ]);

  const arrivals = createArrivals('the row behind a NOTIFY');
  const [writer, listener] = await Promise.all([connect(database.url), connect(database.url)]);
  listener.on('notification', ({ payload }) => {
    listener.query<{ title: string }>('SELECT * FROM plain_tasks WHERE id = $1', [payload]).then(
      ({ rows }) => arrivals.note(rows[0]?.title ?? ''),
      (error) => arrivals.fail(error),
    );
  });
  await listener.query('LISTEN plain');

  return {
    async sample() {
      const title = `sample ${randomUUID()}`;
      const [committedAtMs, arrivedAtMs] = await Promise.all([
        writer.query(writeSql, [title, id]).then(() => performance.now()),
        arrivals.expect(title),
      ]);
      return arrivedAtMs - committedAtMs;
    },
    async close() {
      await Promise.all([writer.end(), listener.end()]);
      await database.close();
    },
  };
}

const writeSql = `
  WITH changed AS (UPDATE plain_tasks SET title = $1 WHERE id = $2 RETURNING id)
  SELECT pg_notify('plain', id::text) FROM changed`;
