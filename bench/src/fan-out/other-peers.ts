import type { Bench } from '../bench.ts';
import { warmUp } from '../load/side.ts';
import { installPostGraphile } from './install-postgraphile.ts';
import { createNotifyTable } from './notify-table.ts';
import { openNotifySide, type PeerSide, taskChanged } from './peer-sides.ts';

/** A peer that ours is shown beside, without a bar. */
export interface OtherPeer {
  /** For the report. */
  readonly what: string;
  readonly side: PeerSide;
}

/** Those that this machine can run, warmed up. Who is left out is told, with the reason. */
export async function openOtherPeers(bench: Bench, sockets: number): Promise<readonly OtherPeer[]> {
  const { kafkaBrokers, plan, tell } = bench;
  const open = async (what: string, given: Pick<Parameters<typeof openNotifySide>[0], 'peer' | 'settings'>) => {
    tell(`opening ${sockets} sockets of ${what}`);
    const subscriptionOf = () => taskChanged;
    const table = await createNotifyTable(1);
    const side = await openNotifySide({ bench, table, sockets, goesTo: 'all', subscriptionOf, ...given });
    await warmUp(side);
    return { what, side };
  };
  const peers: OtherPeer[] = [];
  if (!plan.fanOut.areOtherPeersMeasured) return peers;

  if (kafkaBrokers.length > 0) {
    const settings = { brokers: kafkaBrokers };
    peers.push(await open('graphql-kafkajs-subscriptions', { peer: 'kafkajs-subscriptions', settings }));
  }
  tell('installing PostGraphile, unless it is there');
  const postgraphile = await installPostGraphile();
  if ('missing' in postgraphile) tell(`PostGraphile IS LEFT OUT: ${postgraphile.missing}`);
  else peers.push(await open('PostGraphile 5', { peer: postgraphile.script }));
  return peers;
}
