import type { Follower } from './follower.ts';
import type { LogTransaction } from './transaction.ts';

/**
 * All followers, found by what may concern them. Those that are settling are shown every transaction; the others only
 * those that touch their table, or their viewer's authority.
 */
export function createFollowerIndex() {
  const everyone = new Set<Follower>();
  const settling = new Set<Follower>();
  const byTable = createSets();
  const byViewer = createSets();
  const bySession = createSets();

  return {
    get size() {
      return everyone.size;
    },
    add(follower: Follower) {
      everyone.add(follower);
      settling.add(follower);
      byTable.add(follower.request.view.model.table, follower);
      byViewer.add(follower.request.viewerId, follower);
      bySession.add(follower.request.sessionId, follower);
    },
    settle(follower: Follower) {
      settling.delete(follower);
    },
    remove(follower: Follower) {
      everyone.delete(follower);
      settling.delete(follower);
      byTable.remove(follower.request.view.model.table, follower);
      byViewer.remove(follower.request.viewerId, follower);
      bySession.remove(follower.request.sessionId, follower);
    },
    concernedBy(transaction: LogTransaction, affectedViewers: ReadonlySet<string>): ReadonlySet<Follower> {
      const concerned = new Set(settling);
      for (const table of transaction.tables) for (const follower of byTable.get(table)) concerned.add(follower);
      for (const viewerId of affectedViewers) for (const follower of byViewer.get(viewerId)) concerned.add(follower);
      return concerned;
    },
    /** A copy: followers may leave while it is walked. */
    all: (): readonly Follower[] => [...everyone],
    ofSession: (sessionId: string): readonly Follower[] => [...bySession.get(sessionId)],
  };
}

function createSets() {
  const sets = new Map<string, Set<Follower>>();
  const none: ReadonlySet<Follower> = new Set();
  return {
    get: (key: string): ReadonlySet<Follower> => sets.get(key) ?? none,
    add(key: string, follower: Follower) {
      const set = sets.get(key);
      if (set === undefined) sets.set(key, new Set([follower]));
      else set.add(follower);
    },
    remove(key: string, follower: Follower) {
      const set = sets.get(key);
      set?.delete(follower);
      if (set?.size === 0) sets.delete(key);
    },
  };
}
