import { createTestDatabase } from '@sync-hub/dev/test-database';
import type { Bench, Section } from '../bench.ts';
import { createBoard, globalId } from '../board.ts';
import { startPeer } from '../child.ts';
import { closedOnce } from '../closed-once.ts';
import { compareRounds, takeTurns } from '../comparison.ts';
import { type Row, ratioOfAtLeast } from '../row.ts';
import { besideServer, startStage } from '../stage.ts';
import { measureThroughput } from '../throughput.ts';
import { createHttpLoad } from './http-load.ts';
import { createHttpUpdates } from './http-updates.ts';

const MAX_SPREAD = 1.3;

/** Mutations a second, beside another server that does the same without rights, log or `mutationId`. */
export const mutations: Section = {
  name: 'mutations',
  cores:
    'the server (listener and API, or the peer) has the second half of the cores; clients and PostgreSQL share the first',
  measure: (bench) => besideServer(bench, () => measure(bench)),
};

async function measure(bench: Bench): Promise<readonly Row[]> {
  const { rounds, throughput } = bench.plan;
  const { clients, warmUpMs, roundMs } = throughput;
  const stage = await startStage(bench);
  bench.layout.move(stage.hub.listener.pid, 'reading');
  const board = await createBoard(stage.hub.database, clients);
  const ours = await createHttpUpdates(
    stage.author,
    board.ids.map((id) => globalId('Task', id)),
  );
  const peer = await openTutorial(bench, clients);

  bench.tell(`${clients} clients, on either side`);
  const round = (load: typeof ours, durationMs: number) => measureThroughput(load, { clients, durationMs });
  for (const load of [ours, peer.load]) await round(load, warmUpMs);
  const turns = await takeTurns(rounds, {
    ours: () => round(ours, roundMs),
    beside: () => round(peer.load, roundMs),
  });
  const [api] = stage.hub.apis;
  const of = { name: 'api-mutations', what: `API, updateTask from ${clients} clients` };
  if (api !== undefined) await bench.profiler?.during(of, api, () => round(ours, bench.plan.profileMs));
  await Promise.all([ours.close(), peer.close()]);
  await stage.close();
  return [
    compareRounds(turns, {
      what: `updateTask over HTTP, ${clients} clients`,
      besideKind: 'peer',
      besideWhat: 'yoga + Pothos with its Prisma plugin, untracked table',
      unit: 'per second',
      maxSpread: MAX_SPREAD,
      bar: ratioOfAtLeast(2),
    }),
  ];
}

/** The peer has a database of its own, where nothing is tracked. */
async function openTutorial(bench: Bench, clients: number) {
  const database = await createTestDatabase();
  await database.query(`SELECT sync.untrack(oid) FROM pg_class WHERE relname IN ('tasks', 'members', 'workspaces', 'users')
    AND relnamespace = 'public'::regnamespace`);
  await database.query(`INSERT INTO users (email, name, color) VALUES ('author@example.com', 'Author', '#000000')`);
  const { ids } = await createBoard(database, clients);
  const peer = await startPeer(bench, 'tutorial-mutations', { databaseUrl: database.url });
  const load = createHttpLoad({
    url: `http://127.0.0.1:${peer.port}/graphql`,
    clients,
    query: updateTask,
    variablesOf: (client, title) => ({ id: ids[client], title }),
    isSuccess: (answer) => answer.includes('{"data":{"updateTask":{'),
  });
  const close = closedOnce(bench.closing, 'tutorial', async () => {
    await load.close();
    await peer.close();
    await database.close();
  });
  return { load, close };
}

/** What our own client asks for. */
const updateTask = `mutation UpdateTask($id: ID!, $title: String!) {
  updateTask(id: $id, title: $title) {
    id version createdAt updatedAt title description status priority position dueAt workspaceId assigneeId createdById
    assignee { id name color }
  }
}`;
