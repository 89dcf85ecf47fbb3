import type { Board } from '../board.ts';
import { createEventWriter } from '../load/event-writer.ts';
import type { Side } from '../load/side.ts';
import { openSubscribers, type Subscription, untilOpened } from '../load/subscribers.ts';
import type { Stage } from '../stage.ts';

/** What a board asks for. */
const selection = (besides = '') => `cursor upToDate changes { operation row { id title status version ${besides} } }`;

/** Every change in one workspace. @param besides  further fields of the task. */
export function workspaceSubscription({ workspaceId }: Board, besides = ''): Subscription {
  return {
    query: `subscription Board($where: TaskFilter) { taskChanges(where: $where) { ${selection(besides)} } }`,
    variables: { where: { workspaceId: { eq: workspaceId } } },
  };
}

/** @param id  a task's global id. */
export function taskSubscription(id: string): Subscription {
  return {
    query: `subscription Card($where: TaskFilter) { taskChanges(where: $where) { ${selection()} } }`,
    variables: { where: { id: { eq: id } } },
  };
}

export interface OurSide extends Side {
  close(): Promise<void>;
}

/**
 * Subscribers of ours, each on a socket of its own, and a plain SQL writer that changes what they follow. Resolves when
 * all subscriptions have begun.
 */
export async function openOurSide({
  stage,
  board,
  sockets,
  goesTo,
  subscriptionsOf,
  api = 0,
}: {
  readonly stage: Stage;
  readonly board: Board;
  readonly sockets: number;
  readonly goesTo: Side['goesTo'];
  readonly subscriptionsOf: (socket: number) => readonly Subscription[];
  /** Which of the stage's. */
  readonly api?: number;
}): Promise<OurSide> {
  const server = stage.hub.apis[api];
  if (server === undefined) throw new RangeError(`there is no API ${api}`);
  const subscribers = await openSubscribers({
    name: 'our API',
    port: server.port,
    sockets,
    connectionParams: await stage.connectionParams(),
    subscriptionsOf,
  });
  const count = Array.from({ length: sockets }, (_, socket) => subscriptionsOf(socket).length);
  await untilOpened(
    subscribers,
    count.reduce((a, b) => a + b, 0),
  );
  const writer = await createEventWriter({ databaseUrl: stage.hub.database.url, table: 'tasks', ids: board.ids });
  return {
    pid: server.pid,
    subscribers,
    goesTo,
    emit: (events) => (goesTo === 'all' ? writer.commitBurst(events) : writer.commitRows(events)),
    async close() {
      subscribers.close();
      await writer.close();
    },
  };
}
