import type { TestDatabase } from '@sync-hub/dev/test-database';
import type { Bench } from '../bench.ts';
import { createBoard } from '../board.ts';
import { takeTurns } from '../comparison.ts';
import { openOurSide, workspaceSubscription } from '../fan-out/our-side.ts';
import { connectRows, type SingleRows } from '../load/single-rows.ts';
import { canWatchProcesses, readCpuMs } from '../process-usage.ts';
import type { Row } from '../row.ts';
import type { Stage } from '../stage.ts';
import { growthRows } from './growth-rows.ts';

/** What an event costs the API when it is one of many workspaces that is changed, and nobody here follows that one. */
export async function measureWorkspaces(bench: Bench, stage: Stage): Promise<Row[]> {
  const { workspaces, events } = bench.plan.growth;
  if (!canWatchProcesses) return [];
  const { database } = stage.hub;
  const board = await createBoard(database, 1);
  const subscriptionsOf = () => [workspaceSubscription(board)];
  const side = await openOurSide({ stage, board, sockets: 1, goesTo: 'all', subscriptionsOf });
  bench.tell(`events in ${workspaces.join(', ')} workspaces`);
  const turns: Record<string, () => Promise<number>> = {};
  const writers: SingleRows[] = [];
  for (const count of workspaces) {
    const elsewhere = await connectRows(database.url, await createWorkspaces(database, count));
    writers.push(elsewhere);
    turns[`of ${count}`] = async () => {
      await settle();
      const before = readCpuMs(side.pid);
      for (let event = 0; event < events; event++) await elsewhere.change();
      await settle();
      return (readCpuMs(side.pid) - before) / events;
    };
  }
  for (const turn of Object.values(turns)) await turn(); // Warm-up.
  const costs = await takeTurns(bench.plan.rounds, turns);
  await Promise.all([side.close(), ...writers.map((writer) => writer.close())]);
  return growthRows(
    'CPU ms',
    workspaces.map((count) => ({
      what: `growth: CPU of an event in one of ${count} workspaces that nobody follows`,
      besideWhat: `with ${count}`,
      costs: costs[`of ${count}`] ?? [],
    })),
  );

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
