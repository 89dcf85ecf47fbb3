import type { Bench } from '../bench.ts';
import { type PeerName, startPeer } from '../child.ts';
import { createEventWriter } from '../load/event-writer.ts';
import type { Side } from '../load/side.ts';
import { openSubscribers, type Subscription } from '../load/subscribers.ts';
import type { Broadcast } from '../peers/raw-broadcast.ts';
import type { NotifyTable } from './notify-table.ts';

export interface PeerSide extends Side {
  close(): Promise<void>;
}

export const taskChanged: Subscription = {
  query: 'subscription Board { taskChanged { id title status version } }',
  variables: {},
};

export const oneTaskChanged = (id: string): Subscription => ({
  query: 'subscription Card($id: ID!) { oneTaskChanged(id: $id) { id title status version } }',
  variables: { id },
});

/** @param text  what each socket is sent for each event. */
export async function openRawSide(bench: Bench, sockets: number, text: string): Promise<PeerSide> {
  const peer = await startPeer(bench, 'raw-broadcast');
  const subscribers = await openSubscribers({
    name: 'raw-broadcast',
    port: peer.port,
    sockets,
    connectionParams: null,
    subscriptionsOf: () => [],
  });
  return {
    pid: peer.pid,
    subscribers,
    goesTo: 'all',
    async emit(times) {
      peer.tell({ text, times } satisfies Broadcast);
      return null;
    },
    async close() {
      subscribers.close();
      await peer.close();
    },
  };
}

/** A peer that is fed by a table's NOTIFYs, and its subscribers, each on a socket of its own. */
export async function openNotifySide({
  bench,
  peer,
  settings,
  table,
  sockets,
  goesTo,
  subscriptionOf,
}: {
  readonly bench: Bench;
  readonly peer: PeerName | URL;
  /** Besides the database and its channel. */
  readonly settings?: object;
  readonly table: NotifyTable;
  readonly sockets: number;
  readonly goesTo: Side['goesTo'];
  readonly subscriptionOf: (socket: number) => Subscription;
}): Promise<PeerSide> {
  const databaseUrl = table.database.url;
  const server = await startPeer(bench, peer, { databaseUrl, channel: table.channel, ...settings });
  const subscribers = await openSubscribers({
    name: String(peer),
    port: server.port,
    sockets,
    connectionParams: {},
    subscriptionsOf: (socket) => [subscriptionOf(socket)],
  });
  const writer = await createEventWriter({ databaseUrl, table: 'plain_tasks', ids: table.ids });
  return {
    pid: server.pid,
    subscribers,
    goesTo,
    emit: (events) => (goesTo === 'all' ? writer.commitBurst(events) : writer.commitRows(events)),
    async close() {
      subscribers.close();
      await Promise.all([writer.close(), server.close()]);
    },
  };
}
