import type { Bench } from '../bench.ts';
import { createBoard, globalId } from '../board.ts';
import { takeTurns } from '../comparison.ts';
import { createNotifyTable } from '../fan-out/notify-table.ts';
import { openOurSide, taskSubscription } from '../fan-out/our-side.ts';
import { oneTaskChanged, openNotifySide } from '../fan-out/peer-sides.ts';
import { rateRow } from '../load/load-rows.ts';
import { runLoad, type Side, warmUp } from '../load/side.ts';
import { type Row, ratioOfAtLeast } from '../row.ts';
import type { Stage } from '../stage.ts';

/**
 * Every subscriber follows a row of its own, so each event concerns one of them. An event is a changed row; rows change
 * many to a transaction, on both sides, or it would be Postgres that is measured.
 */
export async function measureRowSubscriptions(bench: Bench, stage: Stage): Promise<Row[]> {
  const { sockets, rowsInTransaction, roundMs, slowRoundMs } = bench.plan.filters;
  bench.tell(`${sockets} sockets that follow a row each, on two sides`);
  const goesTo = 'the next';
  const board = await createBoard(stage.hub.database, sockets);
  const ours = await openOurSide({
    stage,
    board,
    sockets,
    goesTo,
    subscriptionsOf: (socket) => [taskSubscription(globalId('Task', board.ids[socket] ?? ''))],
  });
  const table = await createNotifyTable(sockets);
  const yoga = await openNotifySide({
    bench,
    peer: 'yoga-pubsub',
    table,
    sockets,
    goesTo,
    subscriptionOf: (socket) => oneTaskChanged(table.ids[socket] ?? ''),
  });
  const round = (side: Side, durationMs: number) => () =>
    runLoad(side, { burst: rowsInTransaction, underWay: 2 * rowsInTransaction, durationMs });
  // Of the peer's, a transaction takes more than a second: short rounds would be one or two of them.
  const turns = { ours: round(ours, roundMs), yoga: round(yoga, slowRoundMs) };
  for (const side of [ours, yoga]) await warmUp(side);
  await turns.ours();
  const loads = await takeTurns(bench.plan.rounds, turns);
  const [api] = stage.hub.apis;
  const of = { name: 'api-rows', what: `API, ${sockets} subscriptions to ${sockets} rows` };
  if (api !== undefined) await bench.profiler?.during(of, api, round(ours, bench.plan.profileMs));
  await Promise.all([ours.close(), yoga.close()]);
  return [
    rateRow(
      { ours: loads.ours, beside: loads.yoga },
      {
        what: `${sockets} subscriptions to ${sockets} rows, events`,
        figure: 'eventsPerSecond',
        besideKind: 'peer',
        besideWhat: 'yoga + createPubSub, a filter each',
        bar: ratioOfAtLeast(50),
      },
    ),
  ];
}
