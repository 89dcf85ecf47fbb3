import type { Follower } from './follower.ts';
import { createQuestions } from './questions.ts';

/** All followers, live or not, by whose they are. */
export function createFollowerIndex() {
  const everyone = new Set<Follower>();
  const byViewer = createSets();
  const bySession = createSets();
  const questions = createQuestions();

  return {
    get size() {
      return everyone.size;
    },
    add(follower: Follower) {
      everyone.add(follower);
      byViewer.add(follower.request.viewerId, follower);
      bySession.add(follower.request.sessionId, follower);
      questions.add(follower.request);
    },
    remove(follower: Follower) {
      everyone.delete(follower);
      byViewer.remove(follower.request.viewerId, follower);
      bySession.remove(follower.request.sessionId, follower);
      questions.remove(follower.request);
    },
    alike: questions.alike,
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
