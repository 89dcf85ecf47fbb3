import type { Bench } from '../bench.ts';
import { createBoard, globalId } from '../board.ts';
import { compareRounds } from '../comparison.ts';
import { type OurSide, openOurSide, taskSubscription } from '../fan-out/our-side.ts';
import { connectRows, type SingleRows } from '../load/single-rows.ts';
import { canWatchProcesses, readCpuMs } from '../process-usage.ts';
import { type Row, ratioOfAtMost } from '../row.ts';
import type { Stage } from '../stage.ts';

/** Events that are on their way at a time. */
const IN_FLIGHT = 4;
const MAX_SPREAD = 1.4;
/** Before each figure: one process has just had a crowd of sockets, the other nothing at all. */
const WARM_UP_ROUNDS = 5;

/**
 * What an event costs an API process with more and more different `where: { id: { eq } }`, beside another with few. Both
 * read the same log at the same time, and each event concerns one subscriber of either.
 */
export async function measureDistinctFilters(bench: Bench, stage: Stage): Promise<Row[]> {
  const { few, many, between, manySockets, roundMs } = bench.plan.filters;
  if (!canWatchProcesses) return [];
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

  const rows: Row[] = [];
  for (const count of [...between, many]) {
    bench.tell(`${few} and ${count} different filters`);
    const large = await open(1, Math.min(count, manySockets), count);
    const writer = await connectRows(stage.hub.database.url, board.ids.slice(0, Math.min(few, count)));
    const round = () => measureRound({ small, large }, writer, roundMs);
    for (let warmUps = WARM_UP_ROUNDS; warmUps > 0; warmUps--) await round();
    const rounds: Costs[] = [];
    while (rounds.length < bench.plan.rounds) rounds.push(await round());
    await Promise.all([large.close(), writer.close()]);
    rows.push(
      compareRounds(
        { ours: rounds.map((costs) => costs.large), beside: rounds.map((costs) => costs.small) },
        {
          what: `CPU of an event among ${count} different equality filters`,
          besideKind: 'limit',
          besideWhat: `ours with ${few}`,
          unit: 'CPU ms',
          maxSpread: MAX_SPREAD,
          bar: count === many ? ratioOfAtMost(1.5) : null,
        },
      ),
    );
  }
  await small.close();
  return rows;
}

/** CPU of either process for an event, in milliseconds. */
interface Costs {
  readonly small: number;
  readonly large: number;
}

async function measureRound(
  { small, large }: { readonly small: OurSide; readonly large: OurSide },
  writer: SingleRows,
  durationMs: number,
): Promise<Costs> {
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
    await writer.change();
    events++;
    await arrived(events - IN_FLIGHT);
  }
  await arrived(events);
  return {
    small: (readCpuMs(small.pid) - before.small) / events,
    large: (readCpuMs(large.pid) - before.large) / events,
  };
}
