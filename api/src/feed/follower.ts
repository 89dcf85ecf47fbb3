import type { GraphQLError } from 'graphql';
import type { Authority } from '../authority/authority.ts';
import type { Cursors } from './cursor.ts';
import type { Follow } from './follow-request.ts';
import type { OpenQueue } from './frame-queue.ts';
import type { LogView, Tick } from './log-view.ts';
import { HistoryLostError } from './replay.ts';
import type { SharedSnapshots } from './shared-snapshots.ts';
import { Standpoint } from './standpoint.ts';
import type { StartPoints } from './start-point.ts';
import { type Subscriber, takeTransaction, tell } from './take-transaction.ts';
import { Teller, type TellerDependencies } from './teller.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';
import { createWayToLive, type WayToLive } from './way-to-live.ts';
import { canComeBack, type Loss, whyEnded } from './why-ended.ts';

/** One for all followers of a feed. */
export interface FollowerDependencies extends TellerDependencies {
  readonly log: LogView;
  readonly startPoints: StartPoints;
  readonly snapshots: SharedSnapshots;
  readonly cursors: Cursors;
  /** It stands at the newest transaction and is to be shown each that concerns it; or does so no more. */
  readonly onLive: (follower: Follower, isLive: boolean) => void;
  /** It cannot be continued: its rows are read anew, or it ends. */
  readonly onLoss: (follower: Follower, loss: Loss) => void;
  /** It takes nothing more. */
  readonly onEnd: (follower: Follower) => void;
}

/** Who is behind for longer is told so. */
const patienceMs = 5_000;

/**
 * One subscription.
 *
 *   begin ──(a snapshot, for rows)──▶ catch up ──at the newest transaction, past b + 3──▶ live
 *   resume ─────────────────────────────▲   │                                              │
 *                                       └── reset: a snapshot again  ◀─────────────────────┘
 *                                           (authority changed, rows cannot be known, history lost)
 *
 * All but `live` is its way there. Live, it waits for nothing: the feed shows it each transaction that concerns it, and
 * it shares the directory of everybody.
 *
 * @see docs/data-flow.md, "Where a subscription starts"
 * @see docs/decisions/what-a-subscription-costs.md, on why this is a class
 */
export class Follower implements Subscriber {
  readonly request: Follow;
  readonly standpoint: Standpoint;
  readonly teller: Teller;
  hasEnded = false;
  private readonly dependencies: FollowerDependencies;
  /** Null while it is live, and after the end. */
  private way: WayToLive | null;

  /** @throws TOO_MANY_SUBSCRIPTIONS, by `openQueue`. */
  constructor(dependencies: FollowerDependencies, request: Follow, openQueue: OpenQueue) {
    this.dependencies = dependencies;
    this.request = request;
    this.standpoint = new Standpoint(dependencies.log, request);
    this.teller = new Teller(dependencies, this, openQueue(this));
    this.way = createWayToLive(dependencies, this);
  }

  get queue() {
    return this.teller.queue;
  }
  get isLive(): boolean {
    return this.way === null && !this.hasEnded;
  }

  /**
   * Finds its place. Rejects with a coded error; after that it follows until it ends.
   *
   * @param after  the cursor to go on from; null to begin.
   */
  async start(after: string | null): Promise<void> {
    await this.way?.start(after);
  }

  end(error?: GraphQLError): void {
    if (this.hasEnded) return;
    const { isLive, way } = this;
    this.hasEnded = true;
    this.way = null;
    way?.end();
    // Alone, each of a thousand subscriptions of one session would be executed for when that ends.
    if (error !== undefined && canComeBack(error)) this.queue.dropUnexecuted();
    if (isLive) this.dependencies.onLive(this, false);
    this.queue.end(error);
    this.dependencies.onEnd(this);
  }

  /** Told by its way: it stands at the newest transaction. */
  beLive() {
    this.way = null;
    this.dependencies.onLive(this, true);
  }
  onLoss(loss: Loss) {
    this.dependencies.onLoss(this, loss);
  }

  /** Live: for what the group of its standing is told. */
  listen() {
    return this.teller.listen();
  }

  /** Live: it is its viewer's own session that wrote what it is not told of. */
  echo(transaction: LogTransaction, previous: LogPosition) {
    const { log } = this.dependencies;
    tell(this, transaction, [], { previous, before: this.standpoint.standing(), log });
  }

  /**
   * Live: takes the next transaction, in two halves. `before` is judged at once, `after` when the returned function is
   * called, by when the directory of everybody has moved on.
   */
  receive(transaction: LogTransaction): () => void {
    const { log } = this.dependencies;
    const previous = this.livePlace();
    const complete = takeTransaction(this, transaction, { previous, log });
    return () => {
      if (!this.isLive) return;
      const loss = complete();
      // If it is read anew, then from before this one: the snapshot will have seen it.
      if (loss !== null) this.leaveLive(loss, previous);
    };
  }

  /** The log cannot be continued. @param next  the epoch that follows, if it is another one. */
  meetAnew(next: number | null) {
    if (this.isLive) this.leaveLive('history', null);
    else this.way?.meetAnew(next);
  }

  /** Whether it goes by something that the viewer has no more, as Postgres says `now`. */
  hasLost(now: Authority): boolean {
    return this.standpoint.hasLost(now);
  }
  /** What the log has not told in time, Postgres does. */
  distrust(now: Authority) {
    if (!this.standpoint.distrust(now)) return;
    const { kind, workspaceId } = this.request;
    if (kind === 'changes' && workspaceId !== null && !now.memberships.has(workspaceId))
      return this.end(whyEnded.noMember());
    if (this.isLive) this.leaveLive('authority', this.dependencies.log.position());
    else this.way?.distrust();
  }

  /**
   * Once a second. Ends with the token; says when the log stalls or it is behind, and when that is over; else moves the
   * cursor on, by a frame without changes, when none was sent since `quietSince`.
   */
  tick({ now, quietSince, isStalled }: Tick) {
    if (this.request.expiresAt.getTime() <= now) return this.end(whyEnded.tokenExpired());
    if (this.isLive) this.teller.refresh(this.livePlace(), quietSince);
    else this.way?.tick({ now, quietSince, isStalled }, patienceMs);
  }

  private livePlace(): LogPosition {
    const place = this.dependencies.log.position();
    if (place === null) throw new HistoryLostError('the log was lost');
    return place;
  }

  /** It cannot be continued: rows are read anew, changes end. */
  private leaveLive(loss: Loss, place: LogPosition | null) {
    this.onLoss(loss);
    if (this.request.kind === 'changes') return this.end(whyEnded.expired(loss));
    const way = createWayToLive(this.dependencies, this, place);
    this.way = way;
    this.dependencies.onLive(this, false);
    // Whatever has made it leave goes on first.
    queueMicrotask(() => void way.run());
  }
}
