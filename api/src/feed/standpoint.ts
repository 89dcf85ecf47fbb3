import type { Authority } from '../authority/authority.ts';
import {
  affectedWorkspaces,
  affectsRole,
  createDirectory,
  type Directory,
  directoryTables,
  joinedWorkspaces,
} from '../authority/directory.ts';
import { lossesOf } from '../authority/losses.ts';
import type { CursorStanding } from './cursor.ts';
import { type FollowRequest, needsPeers } from './follow-request.ts';
import { groupOf } from './group-key.ts';
import type { LogView } from './log-view.ts';
import { HistoryLostError } from './replay.ts';
import { createStartFilter, type StartFilter } from './start-filter.ts';
import type { StartPoint } from './start-point.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';
import type { Loss } from './why-ended.ts';

interface Dependencies {
  readonly request: FollowRequest;
  readonly log: LogView;
}

/** Authority of its own, while a subscription is not where everybody is. */
interface Own {
  readonly directory: Directory;
  /** Null when all that comes is new to it. */
  readonly start: StartPoint | null;
  readonly filter: StartFilter | null;
  /** Workspaces joined since: all that the log tells of them counts, whether the snapshot sees it or not. */
  readonly joined: Set<string>;
}

/**
 * From where a subscription looks at the log: what its snapshot has seen, and what its viewer may see.
 *
 * It begins with an authority of its own, as of its start point, which it moves on by what that has not seen; live, it shares
 * the directory of everybody.
 */
export function createStandpoint({ request, log }: Dependencies) {
  const { viewerId, views, workspaceId, question } = request;
  const withPeers = needsPeers(request);
  let own: Own | null = null;
  /** What Postgres said was lost, since it began. */
  let distrusted: string | null = null;
  let shapes = '';
  /** Null when it has to be found out anew. */
  let standing: CursorStanding | null = null;
  /** What it says holds from here on. */
  let since: LogPosition | null = null;

  function knownDirectory(): Directory | null {
    return own?.directory ?? log.everybody();
  }
  function directory(): Directory {
    const known = knownDirectory();
    if (known === null) throw new HistoryLostError('the log was lost');
    return known;
  }
  function authority(): Authority {
    return directory().authorityOf(viewerId);
  }

  /** What it goes by and the viewer has no more; null when that is nothing new, or when it has yet to begin. */
  function newLosses(now: Authority): string | null {
    const known = knownDirectory();
    const losses = known && lossesOf(known.authorityOf(viewerId), now, workspaceId);
    return losses === distrusted ? null : losses;
  }

  function isSettled(): boolean {
    return own === null || own.filter === null || own.filter.isPassed;
  }
  function changeFrom(position: LogPosition) {
    since = position;
    standing = null;
  }
  /** The same object until it changes. */
  function standingNow(): CursorStanding {
    if (since === null) throw new HistoryLostError('it has not begun');
    const start = isSettled() ? null : (own?.start ?? null);
    standing ??= {
      viewerId,
      question,
      authority: directory().fingerprintOf(viewerId, withPeers),
      shapes,
      start: start && cursorStart(start),
      since,
      group: groupOf(request, authority()),
    };
    return standing;
  }

  /** Call with every transaction that may change what is known of the viewer. */
  function isAuthorityAffected(transaction: LogTransaction): boolean {
    if (!transaction.tables.has('members') && !transaction.tables.has('users')) return false;
    const mine = affectedWorkspaces(transaction, viewerId);
    const hasNewRole = affectsRole(transaction, viewerId);
    const { memberships } = authority();
    const hasOtherPeers = withPeers && [...affectedWorkspaces(transaction)].some((id) => memberships.has(id));
    if (mine.size > 0 || hasNewRole || hasOtherPeers) changeFrom(transaction.position);
    return hasNewRole || hasOtherPeers || (workspaceId === null ? mine.size > 0 : mine.has(workspaceId));
  }

  /** Whether something that cannot be known may be of its views: of any workspace, or of one the viewer is a member of. */
  function mayHaveMissed({ unknowable }: LogTransaction): boolean {
    if (directoryTables.some((table) => unknowable.has(table))) return true;
    return views.some(({ model }) => {
      const workspaces = unknowable.get(model.table);
      if (workspaces === undefined || workspaces === 'any') return workspaces === 'any';
      return [...workspaces].some((id) => authority().memberships.has(id));
    });
  }

  return {
    authority,
    /** Whether it goes by something that the viewer has no more, as Postgres says `now`, and has not said so. */
    hasLost: (now: Authority): boolean => newLosses(now) !== null,
    /** Says so. @returns whether it has. */
    distrust(now: Authority): boolean {
      const losses = newLosses(now);
      distrusted = losses ?? distrusted;
      return losses !== null;
    },
    /**
     * Begins anew at a place in the log, as things were at `now`.
     *
     * @param start  whose snapshot has seen some of what comes; null: nothing of it.
     */
    settleAt(place: LogPosition, now: StartPoint, start: StartPoint | null) {
      const filter = start && createStartFilter(start);
      own = { directory: createDirectory(now.authority), start, filter, joined: new Set() };
      shapes = now.shapes;
      distrusted = null;
      changeFrom(place);
    },
    /** At the newest transaction the directory of everybody says the same as its own, once nothing that comes can have been seen. */
    shareEverybody(): boolean {
      if (!isSettled() || log.everybody() === null) return false;
      own = null;
      return true;
    },
    /** Whether its snapshot has seen all that has come after the place. */
    hasSeenAllAfter(place: LogPosition): boolean {
      // A filter of its own: one that has judged what comes later judges what comes before it differently.
      const filter = own?.start && createStartFilter(own.start);
      for (let next = log.after(place); next !== null; next = log.after(next.position)) {
        if (typeof next === 'string' || filter?.judge(next) !== 'seen') return false;
      }
      return true;
    },
    /** @param previous  where the log stood before the transaction. */
    judge(transaction: LogTransaction, previous: LogPosition) {
      const wasSettled = isSettled();
      const verdict = own?.filter?.judge(transaction) ?? 'new';
      // From here on nothing is compared with the snapshot; before, it was.
      if (!wasSettled && isSettled()) changeFrom(previous);
      return verdict;
    },
    /** Whether who else is in a workspace that the viewer joins by this is not known, but will be. */
    hasToWaitFor: (transaction: LogTransaction): boolean =>
      withPeers && log.everybody() === null && joinedWorkspaces(transaction, viewerId).length > 0,
    /** Moves its own authority on. @throws {HistoryLostError} when it cannot be known. */
    apply(transaction: LogTransaction, wasSeen: boolean) {
      if (own === null) return;
      if (wasSeen) {
        if (transaction.tables.has('members')) changeFrom(transaction.position);
        return own.directory.apply(transaction, own.joined);
      }
      own.directory.apply(transaction);
      for (const id of joinedWorkspaces(transaction, viewerId)) {
        own.joined.add(id);
        if (!withPeers) continue;
        const members = log.membersAt(id, transaction.position);
        if (members === null) throw new HistoryLostError('who was a member then is not known');
        own.directory.adopt(members);
      }
    },
    mayHaveMissed,
    /**
     * Why a transaction cannot simply be told, once its authority has moved on by it.
     *
     * @param mightHaveMissed  what `mayHaveMissed` said right before it.
     */
    lossBy(transaction: LogTransaction, mightHaveMissed: boolean): Loss | null {
      const isAffected = isAuthorityAffected(transaction);
      if (mightHaveMissed || mayHaveMissed(transaction)) return 'unknowable';
      return isAffected && request.kind === 'rows' ? 'authority' : null;
    },
    /** Of the one workspace that is asked for. */
    isMember: (): boolean => workspaceId !== null && authority().memberships.has(workspaceId),
    standing: standingNow,
  };
}

function cursorStart({ snapshot, incarnation, epoch, batch }: StartPoint): CursorStanding['start'] {
  return { snapshot: snapshot.text, incarnation, epoch, batch };
}
