import type { Authority } from '../authority/authority.ts';
import { authorityChangesOf } from '../authority/authority-changes.ts';
import { createDirectory, type Directory, directoryTables } from '../authority/directory.ts';
import { lossesOf } from '../authority/losses.ts';
import { createBoundedMemo } from '../bounded-memo.ts';
import type { CursorStanding } from './cursor.ts';
import { type Follow, needsPeers } from './follow-request.ts';
import { groupOf } from './group-key.ts';
import type { LogView } from './log-view.ts';
import { HistoryLostError } from './replay.ts';
import { createStartFilter, type StartFilter } from './start-filter.ts';
import type { StartPoint } from './start-point.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';
import type { Loss } from './why-ended.ts';

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
 *
 * @see docs/decisions/what-a-subscription-costs.md, on why this is a class
 */
export class Standpoint {
  private readonly log: LogView;
  private readonly request: Follow;
  private own: Own | null = null;
  /** What Postgres said was lost, since it began. */
  private distrusted: string | null = null;
  private shapes = '';
  /** Null when it has to be found out anew. */
  private known: CursorStanding | null = null;
  /** What it says holds from here on. */
  private since: LogPosition | null = null;

  constructor(log: LogView, request: Follow) {
    this.log = log;
    this.request = request;
  }

  private knownDirectory(): Directory | null {
    return this.own?.directory ?? this.log.everybody();
  }
  private directory(): Directory {
    const known = this.knownDirectory();
    if (known === null) throw new HistoryLostError('the log was lost');
    return known;
  }
  authority(): Authority {
    return this.directory().authorityOf(this.request.viewerId);
  }

  /** What it goes by and the viewer has no more; null when that is nothing new, or when it has yet to begin. */
  private newLosses(now: Authority): string | null {
    const { viewerId, workspaceId } = this.request;
    // What it will go by, it will have asked Postgres for.
    const known = this.since === null ? null : this.knownDirectory();
    const losses = known && lossesOf(known.authorityOf(viewerId), now, workspaceId);
    return losses === this.distrusted ? null : losses;
  }

  private isSettled(): boolean {
    return this.own === null || this.own.filter === null || this.own.filter.isPassed;
  }
  private changeFrom(position: LogPosition) {
    this.since = position;
    this.known = null;
  }

  /** The same object until it changes. */
  standing(): CursorStanding {
    const { request, own, since, shapes } = this;
    if (since === null) throw new HistoryLostError('it has not begun');
    const start = this.isSettled() ? null : (own?.start ?? null);
    this.known ??= equalStanding({
      viewerId: request.viewerId,
      question: request.question,
      authority: this.directory().fingerprintOf(request.viewerId, needsPeers(request)),
      shapes,
      start: start && cursorStart(start),
      since: { epoch: since.epoch, epochId: since.epochId, seq: since.seq },
      group: groupOf(request, this.authority()),
    });
    return this.known;
  }

  /** Call with every transaction that may change what is known of the viewer. */
  private isAuthorityAffected(transaction: LogTransaction): boolean {
    if (!transaction.tables.has('members') && !transaction.tables.has('users')) return false;
    const { viewerId, workspaceId } = this.request;
    const changes = authorityChangesOf(transaction);
    const mine = changes.workspacesOf(viewerId);
    const hasNewRole = changes.withNewRole.has(viewerId);
    const { memberships } = this.authority();
    const hasOtherPeers = needsPeers(this.request) && [...memberships.keys()].some((id) => changes.workspaces.has(id));
    if (mine.size > 0 || hasNewRole || hasOtherPeers) this.changeFrom(transaction.position);
    return hasNewRole || hasOtherPeers || (workspaceId === null ? mine.size > 0 : mine.has(workspaceId));
  }

  /** Whether something that cannot be known may be of its views: of any workspace, or of one the viewer is a member of. */
  mayHaveMissed({ unknowable }: LogTransaction): boolean {
    if (directoryTables.some((table) => unknowable.has(table))) return true;
    return this.request.views.some(({ model }) => {
      const workspaces = unknowable.get(model.table);
      if (workspaces === undefined || workspaces === 'any') return workspaces === 'any';
      return [...workspaces].some((id) => this.authority().memberships.has(id));
    });
  }

  /** Whether it goes by something that the viewer has no more, as Postgres says `now`, and has not said so. */
  hasLost(now: Authority): boolean {
    return this.newLosses(now) !== null;
  }
  /** Says so. @returns whether it has. */
  distrust(now: Authority): boolean {
    const losses = this.newLosses(now);
    this.distrusted = losses ?? this.distrusted;
    return losses !== null;
  }

  /**
   * Begins anew at a place in the log, as things were at `now`.
   *
   * @param start  whose snapshot has seen some of what comes; null: nothing of it.
   */
  settleAt(place: LogPosition, now: StartPoint, start: StartPoint | null) {
    const filter = start && createStartFilter(start);
    this.own = { directory: createDirectory(now.authority), start, filter, joined: new Set() };
    this.shapes = now.shapes;
    this.distrusted = null;
    this.changeFrom(place);
  }

  /** At the newest transaction the directory of everybody says the same as its own, once nothing that comes can have been seen. */
  shareEverybody(): boolean {
    if (!this.isSettled() || this.log.everybody() === null) return false;
    this.own = null;
    return true;
  }

  /** Whether its snapshot has seen all that has come after the place. */
  hasSeenAllAfter(place: LogPosition): boolean {
    // A filter of its own: one that has judged what comes later judges what comes before it differently.
    const filter = this.own?.start && createStartFilter(this.own.start);
    for (let next = this.log.after(place); next !== null; next = this.log.after(next.position)) {
      if (typeof next === 'string' || filter?.judge(next) !== 'seen') return false;
    }
    return true;
  }

  /** @param previous  where the log stood before the transaction. */
  judge(transaction: LogTransaction, previous: LogPosition) {
    const wasSettled = this.isSettled();
    const verdict = this.own?.filter?.judge(transaction) ?? 'new';
    // From here on nothing is compared with the snapshot; before, it was.
    if (!wasSettled && this.isSettled()) this.changeFrom(previous);
    return verdict;
  }

  /** Whether who else is in a workspace that the viewer joins by this is not known, but will be. */
  hasToWaitFor(transaction: LogTransaction): boolean {
    const { request, log } = this;
    if (!needsPeers(request) || log.everybody() !== null) return false;
    return authorityChangesOf(transaction).joinedBy(request.viewerId).size > 0;
  }

  /** Moves its own authority on. @throws {HistoryLostError} when it cannot be known. */
  apply(transaction: LogTransaction, wasSeen: boolean) {
    const { own, request, log } = this;
    if (own === null) return;
    if (wasSeen) {
      if (transaction.tables.has('members')) this.changeFrom(transaction.position);
      return own.directory.apply(transaction, own.joined);
    }
    own.directory.apply(transaction);
    for (const id of authorityChangesOf(transaction).joinedBy(request.viewerId)) {
      own.joined.add(id);
      if (!needsPeers(request)) continue;
      const members = log.membersAt(id, transaction.position);
      if (members === null) throw new HistoryLostError('who was a member then is not known');
      own.directory.adopt(members);
    }
  }

  /**
   * Why a transaction cannot simply be told, once its authority has moved on by it.
   *
   * @param mightHaveMissed  what `mayHaveMissed` said right before it.
   */
  lossBy(transaction: LogTransaction, mightHaveMissed: boolean): Loss | null {
    const isAffected = this.isAuthorityAffected(transaction);
    if (mightHaveMissed || this.mayHaveMissed(transaction)) return 'unknowable';
    return isAffected && this.request.kind === 'rows' ? 'authority' : null;
  }

  /** Of the one workspace that is asked for. */
  isMember(): boolean {
    const { workspaceId } = this.request;
    return workspaceId !== null && this.authority().memberships.has(workspaceId);
  }
}

const standings = createBoundedMemo<string, CursorStanding>(1_000);

/** One object for all who stand alike: a viewer's, who have begun together. */
function equalStanding(standing: CursorStanding): CursorStanding {
  return standings(JSON.stringify(standing), () => standing);
}

function cursorStart({ snapshot, incarnation, epoch, batch }: StartPoint): CursorStanding['start'] {
  return { snapshot: snapshot.text, incarnation, epoch, batch };
}
