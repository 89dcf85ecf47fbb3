import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Section } from '../bench.ts';
import { createBoard } from '../board.ts';
import { startPeer } from '../child.ts';
import { workspaceSubscription } from '../fan-out/our-side.ts';
import { inspectableEnv, openInspector } from '../inspector.ts';
import { openSubscribers, untilOpened } from '../load/subscribers.ts';
import { median } from '../percentile.ts';
import { canWatchProcesses, readRssBytes } from '../process-usage.ts';
import type { Row } from '../row.ts';
import { besideServer, serverCores, startStage } from '../stage.ts';

/** What those cost a server who only listen: RSS after garbage collection, since that is what is paid for. */
export const memory: Section = {
  name: 'memory',
  cores: serverCores,
  measure: (bench) => (canWatchProcesses ? besideServer(bench, () => measure(bench)) : Promise.resolve([])),
};

async function measure(bench: Bench): Promise<readonly Row[]> {
  const { sockets } = bench.plan.memory;
  bench.tell(`${sockets} sockets of ours`);
  const ours = await measureOurs(bench);
  bench.tell(`${sockets} bare sockets`);
  const bare = await measureBare(bench);
  const kilobytes = (bytes: number) => bytes / sockets / 1_000;
  const row = { unit: 'KB', beside: null } as const;
  return [
    {
      ...row,
      what: `an idle socket with a subscription, of ${sockets}, beyond a bare ws socket (${kilobytes(bare).toFixed(1)} KB)`,
      ours: kilobytes(ours.first - bare),
      bar: { of: 'ours', atMost: 12 },
    },
    {
      ...row,
      what: `each further subscription in a group that is there, median of three times ${sockets}`,
      ours: kilobytes(ours.further),
      bar: { of: 'ours', atMost: 2 },
    },
  ];
}

async function measureOurs(bench: Bench): Promise<{ first: number; further: number }> {
  const { sockets, warmUpSockets, settleMs } = bench.plan.memory;
  const stage = await startStage(bench, { env: inspectableEnv });
  const [api] = stage.hub.apis;
  if (api === undefined) throw new Error('a stage without an API');
  const board = await createBoard(stage.hub.database, 1);
  const connectionParams = await stage.connectionParams();
  const open = async (count: number) => {
    const subscriptionsOf = () => [workspaceSubscription(board)];
    const subscribers = await openSubscribers({
      name: 'our API',
      port: api.port,
      sockets: count,
      connectionParams,
      subscriptionsOf,
    });
    await untilOpened(subscribers, count);
    return subscribers;
  };
  const inspector = await openInspector(api);
  const settled = async () => {
    await sleep(settleMs);
    // What the first collection finalises, the second one frees.
    for (const _ of ['first', 'second']) await inspector.ask('HeapProfiler.collectGarbage');
    return readRssBytes(api.pid);
  };

  // Code that is compiled, buffers that are kept: what comes once is not what a socket costs.
  (await open(warmUpSockets)).close();
  const before = await settled();
  const subscribers = await open(sockets);
  const withFirst = await settled();
  // Tables of all subscriptions double now and then, and pages are used that were free: one time says little.
  const further: number[] = [];
  let last = withFirst;
  for (const subscriptions of [2, 3, 4]) {
    subscribers.subscribeAll(workspaceSubscription(board));
    await untilOpened(subscribers, subscriptions * sockets);
    const now = await settled();
    further.push(now - last);
    last = now;
  }
  subscribers.close();
  inspector.close();
  await stage.close();
  return { first: withFirst - before, further: median(further) };
}

async function measureBare(bench: Bench): Promise<number> {
  const { sockets, warmUpSockets, settleMs } = bench.plan.memory;
  const peer = await startPeer(bench, 'raw-broadcast');
  const open = (count: number) =>
    openSubscribers({
      name: 'raw-broadcast',
      port: peer.port,
      sockets: count,
      connectionParams: null,
      subscriptionsOf: () => [],
    });
  const settled = async () => {
    await sleep(settleMs);
    await peer.ask({ collect: true });
    return readRssBytes(peer.pid);
  };

  (await open(warmUpSockets)).close();
  const before = await settled();
  const subscribers = await open(sockets);
  const after = await settled();
  subscribers.close();
  await peer.close();
  return after - before;
}
