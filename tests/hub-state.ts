import type { TestDatabase } from '@sync-hub/dev/test-database';

/** What an API process says of itself at /metrics. @param name  without `sync_hub_api_`. */
export async function metricOf(url: string, name: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^sync_hub_api_${name} (\\d+)`, 'm').exec(metrics)?.[1]);
}

/** How many statements of this database wait for a lock. */
export async function statementsThatWait(database: Pick<TestDatabase, 'query'>): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return row?.count ?? 0;
}
