import type { TestDatabase } from '@sync-hub/dev/test-database';
import type { Bench } from '../bench.ts';
import { createBoard } from '../board.ts';
import { openOurSide, workspaceSubscription } from '../fan-out/our-side.ts';
import { connectRows } from '../load/single-rows.ts';
import { median } from '../percentile.ts';
import { canWatchProcesses, readCpuMs } from '../process-usage.ts';
import type { Row } from '../row.ts';
import type { Stage } from '../stage.ts';

/** What an event costs the API when it is one of many workspaces that is changed, and nobody here follows that one. */
export async function measureWorkspaces(bench: Bench, stage: Stage): Promise<Row[]> {
  const { workspaces, events } = bench.plan.growth;
  if (!canWatchProcesses) return [];
  const { database } = stage.hub;
  const board = await createBoard(database, 1);
  const subscriptionsOf = () => [workspaceSubscription(board)];
  const side = await openOurSide({ stage, board, sockets: 1, goesTo: 'all', subscriptionsOf });
  const rows: Row[] = [];
  for (const count of workspaces) {
    bench.tell(`events in ${count} workspaces`);
    const elsewhere = await connectRows(database.url, await createWorkspaces(database, count));
    const costs: number[] = [];
    // The first round is warm-up.
    for (let round = 0; round <= bench.plan.rounds; round++) {
      await settle();
      const before = readCpuMs(side.pid);
      for (let event = 0; event < events; event++) await elsewhere.change();
      await settle();
      if (round > 0) costs.push((readCpuMs(side.pid) - before) / events);
    }
    await elsewhere.close();
    const what = `growth: CPU of an event in one of ${count} workspaces that nobody follows`;
    rows.push({ what, unit: 'CPU ms', ours: median(costs), beside: null, bar: null });
  }
  await side.close();
  return rows;

  /** An event that is followed comes last: when it has arrived, all before it have been dealt with. */
  async function settle() {
    const expected = side.subscribers.total() + 1;
    await side.emit(1);
    await side.subscribers.untilTotal(expected);
  }
}

/** Each with a task. @returns the tasks' ids. */
async function createWorkspaces(database: TestDatabase, count: number): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `WITH made AS (INSERT INTO workspaces (name) SELECT 'Elsewhere' FROM generate_series(1, $1) RETURNING id)
     INSERT INTO tasks (workspace_id, title) SELECT id, 'Task' FROM made RETURNING id`,
    [count],
  );
  return rows.map(({ id }) => id);
}
