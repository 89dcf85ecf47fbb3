import type { GraphQLError } from 'graphql';
import type { Authority } from '../authority/authority.ts';
import {
  affectedViewers,
  createDirectory,
  type Directory,
  joinedWorkspaces,
  type MemberRow,
} from '../authority/directory.ts';
import { codedError } from '../errors.ts';
import type { Row } from '../model/row.ts';
import type { Cursors } from './cursor.ts';
import type { FrameBounds, FrameChange } from './frame.ts';
import type { FrameQueue } from './frame-queue.ts';
import { createFrameWriter, type Standing } from './frame-writer.ts';
import type { StartPoint, StartPoints } from './start-point.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';
import { type ModelChange, seenRow, type View, viewChange } from './view.ts';

/** Who follows what. */
export interface FollowRequest {
  readonly view: View;
  readonly viewerId: string;
  readonly sessionId: string;
  /** When the viewer's token does. */
  readonly expiresAt: Date;
  /** Hash of the question, for the cursor. */
  readonly question: string;
  /** The one workspace that `where` asks for, if it does: losing it ends the subscription. */
  readonly workspaceId: string | null;
}

interface Dependencies {
  readonly request: FollowRequest;
  readonly queue: FrameQueue;
  readonly startPoints: StartPoints;
  readonly cursors: Cursors;
  readonly frameBounds: FrameBounds;
  /** The directory of everybody, at the feed's position. */
  readonly everybody: Directory;
  readonly feedPosition: () => LogPosition;
  /** The follower moves with `everybody` now and needs only the transactions that concern it. */
  readonly onSettled: () => void;
  /** The follower takes nothing more. */
  readonly onEnd: () => void;
}

/** A transaction, with what had to be read from the feed's state at the moment it passed. */
interface Passed {
  readonly transaction: LogTransaction;
  readonly changes: readonly ModelChange[];
  /** Members of the workspaces that the viewer joined by it. */
  readonly joined: readonly MemberRow[];
}

/** What the feed tells its followers once a second. */
export interface Tick {
  readonly now: number;
  readonly quietSince: number;
  /** The log has brought nothing for a while, not even a heartbeat. */
  readonly isStalled: boolean;
}

interface Settling {
  readonly start: StartPoint;
  /** The viewer's authority as of the snapshot, moved on by what the snapshot does not see. */
  readonly own: Directory;
  /** Relay sessions in which the server is known not to have crashed since the snapshot. */
  readonly sessions: Set<string>;
  /** Workspaces joined since: all that the log tells of them counts, whether the snapshot sees it or not. */
  readonly adopted: Set<string>;
  /** A record of batch b + 3 was met: nothing that follows can be visible in the snapshot. */
  filterPassed: boolean;
}

/**
 * One subscription's place in the log, from its own snapshot on.
 *
 *   starting ──start point──▶ settling ──record of batch ≥ b + 3──▶ settled
 *      ▲ holds transactions      │  ▲
 *      └── confirming ◀──────────┘  │   a record of another relay session came: did the server crash since S?
 *              └──── it did not ────┘   (it did: CURSOR_EXPIRED)
 *
 * While settling it drops what its snapshot has seen, and its authority is its own, loaded in that snapshot; settled, it
 * shares the directory of everybody.
 *
 * @see docs/data-flow.md, "Where a subscription starts"
 */
export function createFollower(dependencies: Dependencies) {
  const { request, queue, startPoints, cursors, frameBounds, everybody, feedPosition, onSettled, onEnd } = dependencies;
  const { view, viewerId } = request;

  const frames = createFrameWriter({ queue, cursors, bounds: frameBounds, viewerId, question: request.question });

  let authority: Authority = everybody.authorityOf(viewerId);
  let settling: Settling | null = null;
  let held: Passed[] | null = [];
  /** While settling: the last transaction passed. Whatever came before the start point was asked for, it has seen. */
  let ownPosition = feedPosition();
  let ended = false;
  let saidStalled = false;

  // ── its place ────────────────────────────────────────────────────────────────────────────────────────────────────

  async function start(): Promise<void> {
    const needsPeers = view.model.policy.read.readsPeers;
    const point = await startPoints.take({ viewerId, sessionId: request.sessionId, needsPeers });
    if (ended) return;
    if (!point.authority.liveSessionIds.includes(request.sessionId))
      throw codedError('SESSION_REVOKED', 'This session has ended. Sign in again.');
    const own = createDirectory(point.authority);
    settling = { start: point, own, sessions: new Set([point.session]), adopted: new Set(), filterPassed: false };
    authority = own.authorityOf(viewerId);
    endUnless(frames.writeQuiet(ownPosition, standing()));
    release();
  }

  /** Goes on with what was held, until something makes it hold again. */
  function release() {
    const waiting = held ?? [];
    held = null;
    for (const [index, passed] of waiting.entries()) {
      settle(passed);
      if (held !== null) {
        held = [...(held as Passed[]), ...waiting.slice(index + 1)];
        return;
      }
      if (ended) return;
    }
    settleDown();
  }

  function settle(passed: Passed) {
    if (settling === null || ended) return;
    const { transaction } = passed;
    const { start, own, sessions, adopted } = settling;
    if (transaction.position.epoch < start.epoch) return;
    settling.filterPassed ||= transaction.batch >= start.batch + 3;
    const previous = ownPosition;
    if (!settling.filterPassed) {
      if (transaction.batch > start.batch && !sessions.has(transaction.session)) {
        held = [passed];
        void confirm(transaction.session);
        return;
      }
      if (transaction.batch <= start.batch || transaction.xid === null || start.snapshot.sees(transaction.xid)) {
        own.apply(transaction, adopted);
        ownPosition = transaction.position;
        return;
      }
    }
    const judgement = judge(passed.changes);
    own.apply(transaction);
    own.adopt(passed.joined);
    for (const { workspace_id } of passed.joined) adopted.add(workspace_id);
    deliver(transaction, passed.changes, judgement, previous);
    ownPosition = transaction.position;
  }

  /** With the filter passed and nothing held, the directory of everybody says the same as our own. */
  function settleDown() {
    if (settling === null || held !== null || !settling.filterPassed || ended) return;
    settling = null;
    authority = everybody.authorityOf(viewerId);
    onSettled();
  }

  async function confirm(session: string) {
    if (settling === null) return;
    if (!(await startPoints.stillHolds(settling.start))) return end(expired());
    settling.sessions.add(session);
    release();
  }

  // ── what it tells ────────────────────────────────────────────────────────────────────────────────────────────────

  /** What the viewer saw of these rows, under the authority before their transaction. */
  function judge(changes: readonly ModelChange[]): Judgement {
    return { seen: changes.map((change) => seenRow(view, authority, change.before)), wasMember: isMember() };
  }

  function deliver(
    transaction: LogTransaction,
    changes: readonly ModelChange[],
    before: Judgement,
    previous: LogPosition,
  ) {
    if (affectedViewers(transaction).has(viewerId)) frames.forgetAuthority();
    if (mayHaveMissed(transaction)) return end(expired());
    const told: FrameChange[] = [];
    for (const [index, change] of changes.entries()) {
      const frameChange = viewChange(view, change, before.seen[index] ?? null, authority);
      if (frameChange !== null) told.push(frameChange);
    }
    const isAuthor = transaction.actorSession === request.sessionId && transaction.tables.has(view.model.table);
    if (told.length > 0 || isAuthor) endUnless(frames.writeTransaction(transaction, told, previous, standing()));
    if (before.wasMember && !isMember())
      end(codedError('FORBIDDEN', 'You are no longer a member of the workspace that this subscription follows.'));
  }

  /** Whether something that cannot be known may be of this view: of any workspace, or of one the viewer is a member of. */
  function mayHaveMissed({ unknowable }: LogTransaction): boolean {
    const workspaces = unknowable.get(view.model.table);
    if (workspaces === undefined) return false;
    return workspaces === 'any' || [...workspaces].some((id) => authority.memberships.has(id));
  }

  function standing(): Standing {
    return { authority, start: settling?.start ?? null };
  }

  function endUnless(wasTaken: boolean) {
    if (!wasTaken)
      end(codedError('SLOW_CONSUMER', 'This client reads more slowly than its changes come. Subscribe again.'));
  }

  function isMember(): boolean {
    return request.workspaceId !== null && authority.memberships.has(request.workspaceId);
  }

  function end(error?: GraphQLError) {
    if (ended) return;
    ended = true;
    held = null;
    queue.end(error);
    onEnd();
  }

  return {
    request,
    /** Takes its start point and, with it, the opening frame. Rejects with a coded error. */
    start,
    /** Whether it must be shown every transaction, also those that do not concern its table. */
    get isSettling() {
      return settling !== null || held !== null;
    },
    /**
     * Takes the next transaction, in two halves: `before` is judged at once, `after` when the returned function is
     * called, by when the directory of everybody has moved on.
     */
    receive(transaction: LogTransaction, changes: readonly ModelChange[]): () => void {
      if (settling === null && held === null) {
        const judgement = judge(changes);
        const previous = feedPosition();
        return () => deliver(transaction, changes, judgement, previous);
      }
      return () => {
        const joined = joinedWorkspaces(transaction, viewerId).flatMap((id) => [...everybody.membersOf(id)]);
        const passed: Passed = { transaction, changes, joined };
        if (held !== null) held.push(passed);
        else {
          settle(passed);
          settleDown();
        }
      };
    },
    /**
     * Once a second. Ends with the token; says when the log stalls and when it goes on; else moves the cursor on, by a frame
     * without changes, when none was sent since `quietSince`.
     */
    tick({ now, quietSince, isStalled }: Tick) {
      if (request.expiresAt.getTime() <= now)
        return end(
          codedError('TOKEN_EXPIRED', 'The access token has expired. Refresh the session, then subscribe again.'),
        );
      if (held !== null || ended) return;
      if (isStalled === saidStalled && (isStalled || frames.lastFrameAt >= quietSince)) return;
      saidStalled = isStalled;
      endUnless(frames.writeQuiet(settling === null ? feedPosition() : ownPosition, standing(), !isStalled));
    },
    end,
  };
}
export type Follower = ReturnType<typeof createFollower>;

interface Judgement {
  readonly seen: readonly (Row | null)[];
  readonly wasMember: boolean;
}

function expired(): GraphQLError {
  return codedError(
    'CURSOR_EXPIRED',
    'The log cannot be continued exactly from here. Read again, then subscribe again.',
  );
}
