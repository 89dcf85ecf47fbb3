import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@sync-hub/dev/wait-for';
import type { Bench, Section } from '../bench.ts';
import { createBoard } from '../board.ts';
import { type Child, startChild } from '../child.ts';
import { createEventWriter, type EventWriter } from '../load/event-writer.ts';
import { openSubscribers, type Subscribers, type Subscription } from '../load/subscribers.ts';
import { canWatchProcesses, readCpuMs } from '../process-usage.ts';
import type { Row } from '../row.ts';
import { besideServer, type Stage, serverCores, startStage } from '../stage.ts';
import { type StormRound, type StormRounds, stormRows } from './storm-rows.ts';
import type { WitnessOrder, WitnessSettings } from './witness.ts';

const TIMEOUT_MS = 120_000;

/** Many clients at once: those who come back with a cursor, and those who open the same watch. */
export const storm: Section = {
  name: 'storm',
  cores: serverCores,
  measure: (bench) => (canWatchProcesses ? besideServer(bench, () => measure(bench)) : Promise.resolve([])),
};

async function measure(bench: Bench): Promise<readonly Row[]> {
  const { sockets, tasks, missed } = bench.plan.storm;
  const stage = await startStage(bench, { tasks: 1 });
  const witness = await startWitness(bench, stage);
  const returning = await createBoard(stage.hub.database, tasks);
  const writer = await createEventWriter({
    databaseUrl: stage.hub.database.url,
    table: 'tasks',
    ids: returning.ids,
  });

  bench.tell(`${sockets} clients come back with a cursor`);
  const reconnects = await stormRounds(bench, { stage, witness, what: 'return with cursors' }, async () => {
    const cursors = await leave(stage, returning.workspaceId, sockets, writer);
    await writer.commitBurst(missed);
    return (socket) => follow(returning.workspaceId, cursors[socket] ?? null);
  });
  bench.tell(`${sockets} clients open the same watch`);
  const fresh = await createBoard(stage.hub.database, tasks);
  const watches = await stormRounds(
    bench,
    { stage, witness, what: 'open the same watch' },
    async () => () => watch(fresh.workspaceId),
  );

  await Promise.all([writer.close(), witness.close()]);
  await stage.close();
  return [
    ...stormRows(`${sockets} clients come back with cursors`, reconnects),
    ...stormRows(`${sockets} clients open the same watch of ${tasks} tasks`, watches),
  ];
}

/** Everybody is there, and holds the cursor of the newest event; then all of them are cut off. */
async function leave(stage: Stage, workspaceId: string, sockets: number, writer: EventWriter): Promise<string[]> {
  const subscribers = await openAll(stage, sockets, () => follow(workspaceId, null));
  subscribers.keepLast(true);
  await writer.commitBurst(1);
  await subscribers.untilTotal(subscribers.counts.length);
  const cursors = Array.from({ length: sockets }, (_, socket) => cursorOf(subscribers.last(socket)));
  subscribers.close();
  return cursors;
}

async function openAll(stage: Stage, sockets: number, of: (socket: number) => Subscription): Promise<Subscribers> {
  const subscribers = await openSubscribers({
    name: 'our API',
    port: stage.hub.apis[0]?.port ?? 0,
    sockets,
    atOnce: sockets,
    connectionParams: await stage.connectionParams(),
    subscriptionsOf: (socket) => [of(socket)],
  });
  await waitFor(
    () => {
      subscribers.check();
      return subscribers.upToDate() === sockets;
    },
    { what: 'all clients to be up to date', timeoutMs: TIMEOUT_MS },
  );
  return subscribers;
}

/** @param prepare  before each storm; says what each of its clients asks for. */
async function stormRounds(
  { plan, profiler }: Bench,
  { stage, witness, what }: { readonly stage: Stage; readonly witness: Child; readonly what: string },
  prepare: () => Promise<(socket: number) => Subscription>,
): Promise<StormRounds> {
  const { sockets, idleMs, countedMs } = plan.storm;
  const [api] = stage.hub.apis;
  if (api === undefined) throw new Error('a stage without an API');
  const storm = async () => {
    const of = await prepare();
    await untilAlone(stage);
    const idle = await watched(witness, () => sleep(idleMs));
    const cpuBeforeMs = readCpuMs(api.pid);
    const startedAtMs = performance.now();
    const during = await watched(witness, async () => {
      const subscribers = await openAll(stage, sockets, of);
      const figures = { ms: performance.now() - startedAtMs, cpuMs: readCpuMs(api.pid) - cpuBeforeMs };
      subscribers.close();
      return figures;
    });
    return { ...during.result, idle: idle.samples, during: during.samples };
  };

  // Warm-up, and the round whose reads are counted: PostgreSQL takes its time to count them.
  const of = await prepare();
  await sleep(countedMs);
  const scansBefore = await countScans(stage);
  (await openAll(stage, sockets, of)).close();
  await sleep(countedMs);
  const reads = (await countScans(stage)) - scansBefore;

  const rounds: StormRound[] = [];
  while (rounds.length < Math.min(plan.rounds, plan.storm.rounds)) rounds.push(await storm());
  if (profiler !== null) {
    const once = await prepare();
    await untilAlone(stage);
    const name = `api-storm-${what.split(' ')[0]}`;
    await profiler.during({ name, what: `API, ${sockets} clients ${what}` }, api, async () =>
      (await openAll(stage, sockets, once)).close(),
    );
  }
  return { rounds, reads };
}

/** Those of the storm before are gone, for the API too: what is left of it is not idle. */
async function untilAlone({ hub }: Stage): Promise<void> {
  const count = async () => {
    const metrics = await (await fetch(new URL('/metrics', hub.urls[0]))).text();
    return Number(/^sync_hub_api_subscriptions (\d+)$/m.exec(metrics)?.[1]);
  };
  await waitFor(async () => (await count()) === 1, { what: 'the witness to be alone', timeoutMs: TIMEOUT_MS });
}

/** What the connected client saw meanwhile. */
async function watched<Result>(witness: Child, run: () => Promise<Result>) {
  const order = (order: WitnessOrder) => ({ order });
  witness.tell(order('start'));
  const result = await run();
  const { samples } = await witness.ask<{ samples: number[] }>(order('stop'));
  return { result, samples };
}

async function startWitness(bench: Bench, { author, hub }: Stage): Promise<Child> {
  const [task] = author.tasks;
  if (task === undefined) throw new RangeError('the author has no task');
  const settings: WitnessSettings = {
    url: author.url,
    token: await author.getToken(),
    workspaceId: author.workspaceId,
    task,
    databaseUrl: hub.database.url,
  };
  const script = new URL('./witness.js', import.meta.url);
  return startChild(bench, { script, settings, half: 'writing' });
}

async function countScans({ hub }: Stage): Promise<number> {
  const [row] = await hub.database.query<{ scans: string }>(
    `SELECT seq_scan + idx_scan AS scans FROM pg_stat_user_tables WHERE relid = 'tasks'::regclass`,
  );
  return Number(row?.scans);
}

/** Changes, not a watch: the rows of its first frame would be taken for events. */
function follow(workspaceId: string, after: string | null): Subscription {
  return {
    query: `subscription Changes($where: TaskFilter, $after: SyncCursor) {
      taskChanges(where: $where, after: $after) { ${selection} } }`,
    variables: { where: { workspaceId: { eq: workspaceId } }, after },
  };
}

function watch(workspaceId: string): Subscription {
  return {
    query: `subscription Board($where: TaskFilter) { watchTasks(where: $where) { ${selection} } }`,
    variables: { where: { workspaceId: { eq: workspaceId } } },
  };
}

const selection = 'cursor reset upToDate changes { operation key row { id title status version } }';

function cursorOf(message: string): string {
  const cursor = /"cursor":"([^"]+)"/.exec(message)?.[1];
  if (cursor === undefined) throw new Error(`no cursor in ${message.slice(0, 500)}`);
  return cursor;
}
