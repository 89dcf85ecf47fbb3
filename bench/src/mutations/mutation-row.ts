import type { Author } from '../author.ts';
import { compareRounds, takeTurns } from '../comparison.ts';
import type { Plan } from '../plan.ts';
import type { Row } from '../row.ts';
import { measureThroughput } from '../throughput.ts';
import { createHttpUpdates } from './http-updates.ts';
import { createSqlUpdates } from './sql-updates.ts';

const maxSpread = 1.3;

/** How many tasks a second clients can update through the API, beside what Postgres takes of the same change. */
export async function measureMutations({
  stream,
  author,
  databaseUrl,
  plan: { rounds, throughput },
}: {
  readonly stream: string;
  readonly author: Author;
  readonly databaseUrl: string;
  readonly plan: Plan;
}): Promise<Row> {
  const { clients, warmUpMs, roundMs } = throughput;
  const ours = await createHttpUpdates(author);
  const beside = await createSqlUpdates({ author, databaseUrl, clients });
  try {
    for (const load of [ours, beside]) await measureThroughput(load, { clients, durationMs: warmUpMs });
    const comparison = await takeTurns(rounds, {
      ours: () => measureThroughput(ours, { clients, durationMs: roundMs }),
      beside: () => measureThroughput(beside, { clients, durationMs: roundMs }),
    });
    return compareRounds(comparison, {
      what: `updateTask over HTTP, ${clients} clients, ${stream} stream`,
      besideKind: 'limit',
      besideWhat: 'same UPDATE through pg',
      unit: 'per second',
      maxSpread,
      // What it is held against is another server, not this limit: see mutations-section.ts.
      bar: null,
    });
  } finally {
    await Promise.all([ours.close(), beside.close()]);
  }
}
