import type { Authority } from '../authority/authority.ts';
import { authorityChangesOf } from '../authority/authority-changes.ts';
import { createTurnEnd } from '../turn-end.ts';
import type { Cursors } from './cursor.ts';
import { tablesOf } from './follow-request.ts';
import type { Follower } from './follower.ts';
import { createFollowerIndex } from './follower-index.ts';
import type { FrameBounds } from './frame.ts';
import { createGroups, type GroupPlacing } from './groups.ts';
import type { LogView } from './log-view.ts';
import { HistoryLostError } from './replay.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';

interface Dependencies {
  readonly cursors: Cursors;
  readonly bounds: FrameBounds;
  readonly everybody: LogView['everybody'];
}

/** All who follow the log, and those of them who are live, in groups. */
export function createAudience({ cursors, bounds, everybody }: Dependencies) {
  const followers = createFollowerIndex();
  const groups = createGroups<Follower>({ cursors, bounds, authorityOf, atTurnEnd: createTurnEnd() });

  /** Nobody is live while it is not known. */
  function authorityOf(viewerId: string): Authority {
    const directory = everybody();
    if (directory === null) throw new HistoryLostError('the log was lost');
    return directory.authorityOf(viewerId);
  }

  /**
   * The live ones that a transaction is not told to as to the rest of their group: it may change what they may read, or what it
   * did to their tables is not all known.
   */
  function aloneIn(transaction: LogTransaction): ReadonlySet<Follower> {
    const alone = new Set<Follower>();
    for (const viewerId of authorityChangesOf(transaction).viewers)
      for (const follower of followers.ofViewer(viewerId)) if (follower.isLive) alone.add(follower);
    if (transaction.tables.has('members')) for (const follower of groups.needingPeers()) alone.add(follower);
    if (transaction.unknowable.size > 0)
      for (const follower of groups.all())
        if (tablesOf(follower.request).some((table) => transaction.unknowable.has(table))) alone.add(follower);
    return alone;
  }

  /** Its author's session hears of a transaction that it was told nothing of. */
  function echo(transaction: LogTransaction, previous: LogPosition, wasTold: (follower: Follower) => boolean) {
    if (transaction.actorSession === null) return;
    for (const follower of followers.ofSession(transaction.actorSession))
      if (follower.isLive && !wasTold(follower)) follower.echo(transaction, previous);
  }

  return {
    followers,
    /** How many groups the live ones form. */
    get groups() {
      return groups.size;
    },
    /** Whether who follows for this viewer goes by something that it has no more, as Postgres says `now`. */
    hasLost: (viewerId: string, now: Authority): boolean =>
      followers.ofViewer(viewerId).some((follower) => follower.hasLost(now)),
    /** Those who have, and were not told so by the log in time, do not go on. */
    distrust(viewerId: string, now: Authority) {
      for (const follower of followers.ofViewer(viewerId)) follower.distrust(now);
    },
    setLive(follower: Follower, isLive: boolean) {
      if (isLive) groups.join(follower);
      else groups.leave(follower);
    },
    /**
     * Tells the live ones of a transaction.
     *
     * @param placing  where the log stood before it, and whether nothing follows it yet.
     * @param moveOn   moves everybody's directory, and the log's place, on by it.
     */
    tell(transaction: LogTransaction, placing: GroupPlacing, moveOn: () => void) {
      const alone = aloneIn(transaction);
      const halves = [...alone].map((follower) => follower.receive(transaction));
      for (const follower of alone) groups.leave(follower);
      moveOn();
      const wasTold = groups.tell(transaction, placing);
      echo(transaction, placing.previous, (follower) => alone.has(follower) || wasTold(follower));
      for (const completeHalf of halves) completeHalf();
      for (const follower of alone) if (follower.isLive) groups.join(follower);
    },
  };
}
