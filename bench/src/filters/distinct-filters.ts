import type { Bench } from '../bench.ts';
import { createBoard, globalId } from '../board.ts';
import { compareRounds } from '../comparison.ts';
import { openOurSide, taskSubscription } from '../fan-out/our-side.ts';
import { connectRows } from '../load/single-rows.ts';
import { canWatchProcesses, readCpuMs } from '../process-usage.ts';
import { type Row, ratioOfAtMost } from '../row.ts';
import type { Stage } from '../stage.ts';

/** Events that are on their way at a time. */
const IN_FLIGHT = 4;
const MAX_SPREAD = 1.4;

/**
 * What an event costs an API process with many different `where: { id: { eq } }`, beside one with few. Both processes
 * read the same log at the same time, and each event concerns one subscriber of either.
 */
export async function measureDistinctFilters(bench: Bench, stage: Stage): Promise<Row[]> {
  const { few, many, manySockets, roundMs } = bench.plan.filters;
  if (!canWatchProcesses) return [];
  bench.tell(`${few} and ${many} different filters`);
  const board = await createBoard(stage.hub.database, many);
  const subscriptions = board.ids.map((id) => taskSubscription(globalId('Task', id)));
  const open = (api: number, sockets: number, count: number) =>
    openOurSide({
      stage,
      board,
      api,
      sockets,
      goesTo: 'the next',
      subscriptionsOf: (socket) => subscriptions.slice(0, count).filter((_, index) => index % sockets === socket),
    });
  const small = await open(0, few, few);
  const large = await open(1, manySockets, many);
  const rows = await connectRows(stage.hub.database.url, board.ids.slice(0, few));

  async function round(durationMs: number): Promise<{ small: number; large: number }> {
    const start = { small: small.subscribers.total(), large: large.subscribers.total() };
    const arrived = (events: number) =>
      Promise.all([
        small.subscribers.untilTotal(start.small + events),
        large.subscribers.untilTotal(start.large + events),
      ]);
    const before = { small: readCpuMs(small.pid), large: readCpuMs(large.pid) };
    const endsAtMs = performance.now() + durationMs;
    let events = 0;
    while (performance.now() < endsAtMs) {
      await rows.change();
      events++;
      await arrived(events - IN_FLIGHT);
    }
    await arrived(events);
    return {
      small: (readCpuMs(small.pid) - before.small) / events,
      large: (readCpuMs(large.pid) - before.large) / events,
    };
  }

  await round(roundMs); // Warm-up.
  const rounds: { small: number; large: number }[] = [];
  while (rounds.length < bench.plan.rounds) rounds.push(await round(roundMs));
  await Promise.all([small.close(), large.close(), rows.close()]);
  return [
    compareRounds(
      { ours: rounds.map((figures) => figures.large), beside: rounds.map((figures) => figures.small) },
      {
        what: `CPU of an event among ${many} different equality filters`,
        besideKind: 'limit',
        besideWhat: `ours with ${few}`,
        unit: 'CPU ms',
        maxSpread: MAX_SPREAD,
        bar: ratioOfAtMost(1.5),
      },
    ),
  ];
}
