import type { Bench } from '../bench.ts';
import { createBoard } from '../board.ts';
import { takeTurns } from '../comparison.ts';
import { type OurSide, openOurSide, workspaceSubscription } from '../fan-out/our-side.ts';
import { type Load, medianOf, runLoad, warmUp } from '../load/side.ts';
import { canWatchProcesses } from '../process-usage.ts';
import type { Row } from '../row.ts';
import type { Stage } from '../stage.ts';
import { growthRows } from './growth-rows.ts';

/** One event at a time to more and more sockets: all of them are there, and take turns. */
export async function measureSubscribers(bench: Bench, stage: Stage): Promise<Row[]> {
  const { subscribers, roundMs } = bench.plan.growth;
  const sides: OurSide[] = [];
  for (const sockets of subscribers) {
    bench.tell(`opening ${sockets} sockets`);
    const board = await createBoard(stage.hub.database, 1);
    const subscriptionsOf = () => [workspaceSubscription(board)];
    const side = await openOurSide({ stage, board, sockets, goesTo: 'all', subscriptionsOf });
    await warmUp(side);
    sides.push(side);
  }
  bench.tell(`${subscribers.join(', ')} subscribers`);
  const turns = sides.map((side) => () => runLoad(side, { burst: 1, underWay: 2, durationMs: roundMs }));
  for (const turn of turns) await turn(); // Warm-up.
  const loads: Readonly<Record<string, readonly Load[]>> = await takeTurns(
    bench.plan.rounds,
    Object.fromEntries(turns.entries()),
  );
  await Promise.all(sides.map((side) => side.close()));

  const loadsOf = (index: number) => loads[index] ?? [];
  const rates: Row[] = subscribers.map((sockets, index) => ({
    what: `growth: one event to ${sockets} sockets`,
    unit: 'per second',
    ours: medianOf(loadsOf(index), 'deliveriesPerSecond'),
    beside: null,
    bar: null,
    ...(canWatchProcesses ? { cpu: { ours: medianOf(loadsOf(index), 'cpuSecondsPer100k'), beside: null } } : {}),
  }));
  if (!canWatchProcesses) return rates;
  const costs = subscribers.map((sockets, index) => ({
    what: `growth: one event to ${sockets} sockets, CPU per 100,000 deliveries`,
    besideWhat: `with ${sockets}`,
    costs: loadsOf(index).map(({ cpuSecondsPer100k }) => cpuSecondsPer100k),
  }));
  return [...rates, ...growthRows('CPU s', costs)];
}
