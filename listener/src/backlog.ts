import type { Query } from './connection.ts';

/** What has committed and is not known to be on the stream. */
export interface Backlog {
  readonly rows: number;
  /** Age of the oldest change of it. */
  readonly lagSeconds: number;
}

/** Counting stops here: beyond, the exact number tells nobody more and costs seconds. */
const COUNT_LIMIT = 100_000;

export async function measureBacklog(query: Query, countLimit = COUNT_LIMIT): Promise<Backlog> {
  const [row] = await query<{ rows: string; lagSeconds: number | null }>(backlogSql, [countLimit]);
  const rows = Math.max(Number(row?.rows ?? 0), 0);
  return { rows, lagSeconds: rows === 0 ? 0 : Math.max(row?.lagSeconds ?? 0, 0) };
}

// What is sent of the newest batch counts towards no limit: after a hundred thousand of it nothing else would be counted.
const backlogSql = `
  SELECT count(*) - min(newest.sent_seq - newest.first_seq + 1) AS rows,
         extract(epoch FROM clock_timestamp() - min(unsent.at))::float8 AS "lagSeconds"
  FROM (SELECT * FROM sync.batch ORDER BY batch DESC LIMIT 1) AS newest
    CROSS JOIN LATERAL (
      SELECT o.at FROM sync.committed_between(newest.from_snapshot, pg_current_snapshot()) JOIN sync.outbox AS o USING (id)
      LIMIT $1 + newest.sent_seq - newest.first_seq + 1
    ) AS unsent`;
