import type { TestDatabase } from '@sync-hub/dev/test-database';
import type { Bench, Section } from '../bench.ts';
import { createBoard } from '../board.ts';
import { compareRounds, takeTurns } from '../comparison.ts';
import { openOurSide, workspaceSubscription } from '../fan-out/our-side.ts';
import { type Row, ratioOfAtLeast } from '../row.ts';
import { besideServer, startStage } from '../stage.ts';
import { createRowWriters } from './row-writers.ts';

const MAX_SPREAD = 1.3;

const bars: Readonly<Record<number, number>> = { 8: 0.65, 32: 0.5 };

/** Single-row writes of a tracked table, with listener and API at work on them, beside those of one that is not tracked. */
export const writes: Section = {
  name: 'writes',
  cores: 'listener and API have the second half of the cores; writers and PostgreSQL share the first',
  measure: (bench) => besideServer(bench, () => measure(bench)),
};

async function measure(bench: Bench): Promise<readonly Row[]> {
  const { plan, layout } = bench;
  const stage = await startStage(bench);
  layout.move(stage.hub.listener.pid, 'reading');
  const { database } = stage.hub;
  await createRows(database, plan.writes.rows);
  const load = await createRowWriters(database.url, plan.writes.rows);

  // What is written is relayed before the other side has its turn: a change that comes last has arrived.
  const board = await createBoard(database, 1);
  const subscriptionsOf = () => [workspaceSubscription(board)];
  const last = await openOurSide({ stage, board, sockets: 1, goesTo: 'all', subscriptionsOf });
  const settle = async () => {
    const expected = last.subscribers.total() + 1;
    await last.emit(1);
    await last.subscribers.untilTotal(expected, 300_000);
  };

  const rows: Row[] = [];
  for (const writers of plan.writes.writers) {
    bench.tell(`${writers} writers`);
    const round = async (table: string, durationMs = plan.writes.roundMs) => {
      const rate = await load.write({ table, writers, durationMs });
      await settle();
      return rate;
    };
    for (const table of ['tasks', 'plain_tasks']) await round(table, plan.writes.warmUpMs);
    const turns = await takeTurns(plan.rounds, { ours: () => round('tasks'), beside: () => round('plain_tasks') });
    const bar = bars[writers];
    rows.push(
      compareRounds(turns, {
        what: `single-row writes, ${writers} writers (${load.what})`,
        besideKind: 'limit',
        besideWhat: 'untracked table',
        unit: 'per second',
        maxSpread: MAX_SPREAD,
        bar: bar === undefined ? null : ratioOfAtLeast(bar),
      }),
    );
  }
  const writers = Math.max(...plan.writes.writers);
  const write = () => load.write({ table: 'tasks', writers, durationMs: plan.profileMs });
  const of = { name: 'listener-relay-postgres', what: `listener, relay of ${writers} writers, Postgres stream` };
  await bench.profiler?.during(of, stage.hub.listener, write);
  await last.close();
  await stage.close();
  return rows;
}

/** Tasks with the ids 1, 2, 3 …, and a copy of them in a table that is not tracked. */
async function createRows({ query }: TestDatabase, rows: number): Promise<void> {
  await query(
    `WITH workspace AS (INSERT INTO workspaces (name) VALUES ('Written') RETURNING id)
     INSERT INTO tasks (id, workspace_id, title)
     SELECT lpad(to_hex(n), 32, '0')::uuid, workspace.id, 'Task' FROM workspace, generate_series(1, $1::int) AS n`,
    [rows],
  );
  await query('CREATE TABLE plain_tasks (LIKE tasks INCLUDING ALL)');
  await query('INSERT INTO plain_tasks SELECT * FROM tasks');
}
