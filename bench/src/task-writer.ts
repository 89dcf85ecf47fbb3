import { randomUUID } from 'node:crypto';
import type { Arrivals } from './arrivals.ts';
import type { Author } from './author.ts';
import { connect } from './connect.ts';
import type { LatencyProbe } from './latency-probe.ts';

/**
 * A plain SQL writer, who commits a change of the author's first task.
 *
 * @param arrivals  of titles, at the end of the path. Measured from the return of COMMIT.
 */
export async function startTaskWriter(
  { tasks }: Pick<Author, 'tasks'>,
  databaseUrl: string,
  arrivals: Arrivals,
): Promise<LatencyProbe> {
  const [task] = tasks;
  if (task === undefined) throw new RangeError('the author has no task');
  const writer = await connect(databaseUrl);
  return {
    async sample() {
      const title = `sample ${randomUUID()}`;
      // A statement alone is a transaction: what returns is its COMMIT.
      const [committedAtMs, arrivedAtMs] = await Promise.all([
        writer.query('UPDATE tasks SET title = $1 WHERE id = $2', [title, task.uuid]).then(() => performance.now()),
        arrivals.expect(title),
      ]);
      return arrivedAtMs - committedAtMs;
    },
    close: () => writer.end(),
  };
}
