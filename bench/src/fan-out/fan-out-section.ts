import type { Bench, Section } from '../bench.ts';
import { createBoard } from '../board.ts';
import { takeTurns } from '../comparison.ts';
import { cpuRows, rateRow } from '../load/load-rows.ts';
import { type Load, runLoad, type Side, warmUp } from '../load/side.ts';
import { type Row, ratioOfAtLeast, ratioOfAtMost } from '../row.ts';
import { besideServer, type Stage, serverCores, startStage } from '../stage.ts';
import { createNotifyTable } from './notify-table.ts';
import { openOtherPeers } from './other-peers.ts';
import { openOurSide, workspaceSubscription } from './our-side.ts';
import { openNotifySide, openRawSide, taskChanged } from './peer-sides.ts';

/**
 * The transactions of a burst lie together in the log before the API has sent the burst before it (see `runLoad`), so
 * that it finds all of them in one tick, as a peer finds all of a burst's NOTIFYs in one.
 */
const BURST = 16;

/**
 * Single events under way at once. With fewer the way to the server is what is measured: ours leads from a commit through
 * the log, a raw broadcast has none.
 */
const UNDER_WAY = 8;
const underWayOf = (burst: number) => (burst === 1 ? UNDER_WAY : 2 * burst);

/** One change to everybody, one at a time and in bursts; without and with a relation. */
export const fanOut: Section = {
  name: 'fan-out',
  cores: serverCores,
  measure: (bench) => besideServer(bench, () => measure(bench)),
};

async function measure(bench: Bench): Promise<readonly Row[]> {
  const { plan, tell } = bench;
  const { sockets, roundMs } = plan.fanOut;
  tell(`opening ${sockets} sockets on each of five sides and more`);
  const stage = await startStage(bench);
  const { sides, others } = await openSides(bench, stage, sockets);
  for (const side of Object.values(sides)) await warmUp(side);

  const round =
    (side: Side, burst: number, underWay = underWayOf(burst)) =>
    () =>
      runLoad(side, { burst, underWay, durationMs: roundMs });
  const rounds = async <Name extends string>(turns: Readonly<Record<Name, () => Promise<Load>>>) => {
    for (const turn of Object.values<() => Promise<Load>>(turns)) await turn();
    return takeTurns(plan.rounds, turns);
  };
  const turnsOf = <Name extends keyof typeof sides>(burst: number, ...names: readonly Name[]) =>
    Object.fromEntries(names.map((name) => [name, round(sides[name], burst)])) as Record<Name, () => Promise<Load>>;

  tell(`single events, ${UNDER_WAY} under way`);
  const otherTurns: Readonly<Record<string, () => Promise<Load>>> = Object.fromEntries(
    others.map(({ what, side }) => [what, round(side, 1)]),
  );
  const single = await rounds({ ...turnsOf(1, 'withAssignee', 'raw', 'ours', 'yoga'), ...otherTurns });
  await Promise.all(others.map(({ side }) => side.close()));
  tell('one event at a time');
  const alone = await rounds({ ours: round(sides.ours, 1, 1), splice: round(sides.splice, 1, 1) });
  tell(`bursts of ${BURST}`);
  const bursts = await rounds(turnsOf(BURST, 'ours', 'raw', 'yoga'));
  await profile(bench, stage, sides.ours);

  await Promise.all(Object.values(sides).map((side) => side.close()));
  await stage.close();
  const loads: Readonly<Record<string, readonly Load[]>> = single;
  const otherRows = others.map(({ what }) => otherRow(what, single.ours, loads[what] ?? [], sockets));
  return [...singleRows(single, sockets), ...aloneRows(alone, sockets), ...otherRows, ...burstRows(bursts, sockets)];
}

/** Of rounds of its own: a profile slows down what it looks at. */
async function profile({ profiler, plan, tell }: Bench, { hub: { apis } }: Stage, ours: Side): Promise<void> {
  const [api] = apis;
  if (profiler === null || api === undefined) return;
  for (const burst of [1, BURST]) {
    const what = burst === 1 ? 'one event at a time' : `bursts of ${burst}`;
    tell(`profile, ${what}`);
    const run = () => runLoad(ours, { burst, underWay: underWayOf(burst), durationMs: plan.profileMs });
    await profiler.during({ name: `api-fan-out-${burst}`, what: `API, fan-out, ${what}` }, api, run);
  }
}

async function openSides(bench: Bench, stage: Stage, sockets: number) {
  const { database } = stage.hub;
  const [board, boardWithAssignee] = [await createBoard(database, 1), await createBoard(database, 1)];
  const goesTo = 'all';
  const ours = await openOurSide({
    stage,
    board,
    sockets,
    goesTo,
    subscriptionsOf: () => [workspaceSubscription(board)],
  });
  const withAssignee = await openOurSide({
    stage,
    board: boardWithAssignee,
    sockets,
    goesTo,
    subscriptionsOf: () => [workspaceSubscription(boardWithAssignee, 'assignee { name }')],
  });
  await warmUp(ours);
  const raw = await openRawSide(bench, sockets, ours.subscribers.last(0));
  const common = { bench, sockets, goesTo, subscriptionOf: () => taskChanged } as const;
  const yoga = await openNotifySide({ ...common, peer: 'yoga-pubsub', table: await createNotifyTable(1) });
  const splice = await openNotifySide({ ...common, peer: 'bare-splice', table: await createNotifyTable(1) });
  return { sides: { ours, withAssignee, raw, yoga, splice }, others: await openOtherPeers(bench, sockets) };
}

const RAW = 'raw ws.send(string)';
const YOGA = 'yoga + graphql-ws + createPubSub';

function otherRow(besideWhat: string, ours: readonly Load[], beside: readonly Load[], sockets: number): Row {
  const what = `one event to ${sockets} sockets`;
  return rateRow({ ours, beside }, { what, figure: 'deliveriesPerSecond', besideKind: 'peer', besideWhat, bar: null });
}

type Loads<Name extends string> = Readonly<Record<Name, readonly Load[]>>;

function singleRows(
  { ours, withAssignee, raw, yoga }: Loads<'ours' | 'withAssignee' | 'raw' | 'yoga'>,
  sockets: number,
): Row[] {
  const what = `one event to ${sockets} sockets`;
  const figure = 'deliveriesPerSecond';
  const limit = { besideKind: 'limit' } as const;
  const peer = { besideKind: 'peer', besideWhat: YOGA } as const;
  return [
    rateRow({ ours, beside: raw }, { what, figure, ...limit, besideWhat: RAW, bar: ratioOfAtLeast(0.9) }),
    rateRow({ ours, beside: yoga }, { what, figure, ...peer, bar: ratioOfAtLeast(5) }),
    ...cpuRows({ ours, beside: yoga }, { what: cpu(what), ...peer, bar: ratioOfAtMost(0.2) }),
    rateRow(
      { ours: withAssignee, beside: ours },
      {
        what: `${what}, with assignee { name }`,
        figure,
        ...limit,
        besideWhat: 'ours without',
        bar: ratioOfAtLeast(0.8),
      },
    ),
  ];
}

/** With one event under way neither can send two in one system call. */
function aloneRows({ ours, splice }: Loads<'ours' | 'splice'>, sockets: number): Row[] {
  const what = cpu(`one event to ${sockets} sockets, one under way`);
  const besideWhat = 'bare splice of a NOTIFY payload';
  return cpuRows({ ours, beside: splice }, { what, besideKind: 'limit', besideWhat, bar: ratioOfAtMost(1.2) });
}

function burstRows({ ours, raw, yoga }: Loads<'ours' | 'raw' | 'yoga'>, sockets: number): Row[] {
  const what = `bursts of ${BURST} events to ${sockets} sockets`;
  const figure = 'deliveriesPerSecond';
  return [
    rateRow({ ours, beside: raw }, { what, figure, besideKind: 'limit', besideWhat: RAW, bar: ratioOfAtLeast(4) }),
    rateRow({ ours, beside: yoga }, { what, figure, besideKind: 'peer', besideWhat: YOGA, bar: ratioOfAtLeast(40) }),
  ];
}

const cpu = (what: string) => `${what}, CPU per 100,000 deliveries`;
