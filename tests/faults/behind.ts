import type pg from 'pg';
import { compareRows, selectRows } from './final-rows.ts';
import type { Violation } from './judge.ts';
import type { Watcher } from './watcher.ts';

/** The watches that do not hold their own SELECT now, or do not know that they do. */
export async function whoIsBehind(pool: pg.Pool, watchers: readonly Watcher[]): Promise<Violation[]> {
  const behind: Violation[] = [];
  for (const { view, rows, isUpToDate } of watchers.filter(({ view }) => view.kind === 'watch')) {
    const [first, ...others] = compareRows(await selectRows(pool, view), rows);
    if (first !== undefined)
      behind.push({ view, what: `ends with ${others.length + 1} wrong rows: ${first.what}`, row: first });
    else if (!isUpToDate() && rows.size > 0) behind.push({ view, what: 'is not up to date' });
  }
  return behind;
}
