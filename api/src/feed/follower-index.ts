import { tablesOf } from './follow-request.ts';
import type { Follower } from './follower.ts';
import type { LogTransaction } from './transaction.ts';

/**
 * All followers; of those that are live, what may concern them: a transaction that touches their tables, or their viewer's
 * authority.
 */
export function createFollowerIndex() {
  const everyone = new Set<Follower>();
  const byViewer = createSets();
  const bySession = createSets();
  const liveByTable = createSets();
  const liveByViewer = createSets();

  return {
    get size() {
      return everyone.size;
    },
    add(follower: Follower) {
      everyone.add(follower);
      byViewer.add(follower.request.viewerId, follower);
      bySession.add(follower.request.sessionId, follower);
    },
    setLive(follower: Follower, isLive: boolean) {
      const change = isLive ? 'add' : 'remove';
      for (const table of tablesOf(follower.request)) liveByTable[change](table, follower);
      liveByViewer[change](follower.request.viewerId, follower);
    },
    remove(follower: Follower) {
      everyone.delete(follower);
      byViewer.remove(follower.request.viewerId, follower);
      bySession.remove(follower.request.sessionId, follower);
    },
    /** The live ones. */
    concernedBy(transaction: LogTransaction, affectedViewers: ReadonlySet<string>): ReadonlySet<Follower> {
      const concerned = new Set<Follower>();
      for (const table of transaction.tables) for (const follower of liveByTable.get(table)) concerned.add(follower);
      for (const viewerId of affectedViewers)
        for (const follower of liveByViewer.get(viewerId)) concerned.add(follower);
      return concerned;
    },
    /** A copy: followers may leave while it is walked. */
    all: (): readonly Follower[] => [...everyone],
    ofSession: (sessionId: string): readonly Follower[] => [...bySession.get(sessionId)],
    ofViewer: (viewerId: string): readonly Follower[] => [...byViewer.get(viewerId)],
    viewers: (): readonly string[] => byViewer.keys(),
    sessionIds: (): readonly string[] => bySession.keys(),
  };
}

function createSets() {
  const sets = new Map<string, Set<Follower>>();
  const none: ReadonlySet<Follower> = new Set();
  return {
    get: (key: string): ReadonlySet<Follower> => sets.get(key) ?? none,
    keys: () => [...sets.keys()],
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
