import type { Bench } from '../bench.ts';
import { createBoard } from '../board.ts';
import { openOurSide, workspaceSubscription } from '../fan-out/our-side.ts';
import { type Load, medianOf, runLoad, warmUp } from '../load/side.ts';
import { canWatchProcesses } from '../process-usage.ts';
import type { Row } from '../row.ts';
import type { Stage } from '../stage.ts';

/** One event at a time to more and more sockets. */
export async function measureSubscribers(bench: Bench, stage: Stage): Promise<Row[]> {
  const { subscribers, roundMs } = bench.plan.growth;
  const rows: Row[] = [];
  for (const sockets of subscribers) {
    bench.tell(`${sockets} subscribers`);
    const board = await createBoard(stage.hub.database, 1);
    const subscriptionsOf = () => [workspaceSubscription(board)];
    const side = await openOurSide({ stage, board, sockets, goesTo: 'all', subscriptionsOf });
    await warmUp(side);
    const loads: Load[] = [];
    while (loads.length < bench.plan.rounds)
      loads.push(await runLoad(side, { burst: 1, underWay: 2, durationMs: roundMs }));
    await side.close();
    rows.push({
      what: `growth: one event to ${sockets} sockets`,
      unit: 'per second',
      ours: medianOf(loads, 'deliveriesPerSecond'),
      beside: null,
      bar: null,
      ...(canWatchProcesses ? { cpu: { ours: medianOf(loads, 'cpuSecondsPer100k'), beside: null } } : {}),
    });
  }
  return rows;
}
