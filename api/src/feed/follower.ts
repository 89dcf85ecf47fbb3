import type { GraphQLError } from 'graphql';
import type { Authority } from '../authority/authority.ts';
import { asCodedError } from '../errors.ts';
import { type BeginningsDependencies, createBeginnings } from './beginnings.ts';
import { createBell, firstOf } from './bell.ts';
import type { FrameChange } from './frame.ts';
import type { Before } from './frame-writer.ts';
import type { LogView, Tick } from './log-view.ts';
import { asLost, HistoryLostError } from './replay.ts';
import { lostSince, readPlace, startOf } from './resume.ts';
import type { Snapshot } from './snapshots.ts';
import { createStandpoint } from './standpoint.ts';
import { createTeller, type TellerDependencies } from './teller.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';
import { lookBefore } from './view.ts';
import { type Loss, whyEnded } from './why-ended.ts';

interface Dependencies extends BeginningsDependencies, Pick<TellerDependencies, 'queue' | 'cursors' | 'bounds'> {
  readonly log: LogView;
  /** It stands at the newest transaction and is to be shown each that concerns it; or does so no more. */
  readonly onLive: (isLive: boolean) => void;
  /** It cannot be continued: its rows are read anew, or it ends. */
  readonly onLoss: (loss: Loss) => void;
  /** It takes nothing more. */
  readonly onEnd: () => void;
}

/** Who is behind for longer is told so. */
const patienceMs = 5_000;

/**
 * One subscription's way along the log.
 *
 *   begin ──(a snapshot, for rows)──▶ catch up ──at the newest transaction, past b + 3──▶ live
 *   resume ─────────────────────────────▲   │                                              │
 *                                       └── reset: a snapshot again  ◀────────────────────-┘
 *                                           (authority changed, rows cannot be known, history lost)
 *
 * Catching up it takes transactions as fast as its client reads them, from memory or from the stream, with an authority of
 * its own; live, the feed shows it each transaction that concerns it, and it shares the directory of everybody.
 *
 * @see docs/data-flow.md, "Where a subscription starts"
 */
export function createFollower(dependencies: Dependencies) {
  const { request, queue, log, startPoints, snapshots, cursors, onLive, onLoss, onEnd } = dependencies;
  const isRows = request.kind === 'rows';
  const beginnings = createBeginnings({ request, startPoints, snapshots });
  const standpoint = createStandpoint({ request, log });
  const teller = createTeller({ ...dependencies, standing: standpoint.standing, onSlow: end });
  const ending = new AbortController();

  /** The last transaction that was dealt with, while not live. */
  let place: LogPosition | null = null;
  /** Of a snapshot: not sent yet. */
  let pages: Snapshot['rows'] | null = null;
  /** Everything is to be read anew. */
  let mustReset = false;
  let isLive = false;
  const disturbed = createBell();
  /** Since when it is not at the newest transaction; null while it is. */
  let behindSince: number | null = Date.now();

  // ── where it begins ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Finds its place. Rejects with a coded error; after that it follows until it ends. */
  async function start(): Promise<void> {
    const contents = request.after === null ? null : readPlace(cursors, request, request.after);
    if (request.after !== null && contents === null) {
      onLoss('question');
      if (!isRows) throw whyEnded.expired('question');
    }
    place = log.position();
    if (contents !== null) {
      teller.goOnFrom(contents);
      place = contents.position;
      const point = await beginnings.point();
      const loss = lostSince(contents, request, point);
      if (loss === null) standpoint.settleAt(contents.position, point, startOf(contents, point));
      else lose(loss);
    } else if (isRows) {
      openRows(await beginnings.rows(ending.signal));
    } else {
      const point = await beginnings.point();
      if (!isOver()) {
        standpoint.settleAt(placeOrFail(), point, point);
        teller.quiet(placeOrFail(), true);
      }
    }
    void run();
  }

  function openRows({ start, rows }: Snapshot) {
    // Without a place the log was lost meanwhile: they are to be read once more.
    if (ending.signal.aborted || place === null) return rows.release();
    pages = rows;
    standpoint.settleAt(place, start, start);
  }

  // ── how it goes on ───────────────────────────────────────────────────────────────────────────────────────────────

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      try {
        if (mustReset) await reset();
        if (pages !== null) {
          const at = placeOrFail();
          await teller.snapshot(pages, at, { isOver, isUpToDate: () => standpoint.hasSeenAllAfter(at) });
          if (!isOver()) pages = null;
        }
        await catchUp();
      } catch (error) {
        if (ending.signal.aborted) return;
        if (error instanceof HistoryLostError) lose('history');
        else end(asCodedError(error));
      }
    }
  }

  /** The log cannot be continued from its place. */
  function lose(loss: Loss) {
    giveUp(loss);
    place = null;
    disturb();
  }

  /** Rows are read anew; changes cannot be. */
  function giveUp(loss: Loss) {
    onLoss(loss);
    if (!isRows) return end(whyEnded.expired(loss));
    mustReset = true;
  }

  /** Everything again, from a new snapshot. While Postgres does not answer, the client is told that it may be behind. */
  async function reset(): Promise<void> {
    pages?.release();
    pages = null;
    while (log.position() === null && !ending.signal.aborted) await whatComes();
    place ??= log.position();
    // Not afterwards: what is distrusted meanwhile has to be read once more.
    mustReset = false;
    openRows(await beginnings.rowsAtLast(ending.signal, teller.mayBeOld));
  }

  /** Up to the newest transaction, and on from there as it comes, until it may go live; then waits until it no longer is. */
  async function catchUp(): Promise<void> {
    while (!isOver()) {
      if (isAhead()) {
        await whatComes();
        continue;
      }
      for await (const transaction of log.since(placeOrFail(), ending.signal)) {
        await step(transaction).catch(asLost);
        if (isOver()) return;
      }
      if (!teller.saidUpToDate) await teller.room();
      if (isOver() || log.after(placeOrFail()) !== null) continue;
      if (!teller.saidUpToDate) teller.quiet(placeOrFail(), true);
      if (isOver()) continue;
      behindSince = null;
      // Nothing may come between the look at the log and this.
      await (standpoint.shareEverybody() ? beLive() : whatComes());
      behindSince = Date.now();
    }
  }

  /** Another process has shown the client more than this one has passed yet: later transactions, or a part of the next. */
  function isAhead(): boolean {
    const next = log.after(placeOrFail());
    return next === 'ahead' || (next === null && teller.owesRest);
  }

  function beLive(): Promise<void> {
    isLive = true;
    onLive(true);
    return firstOf(disturbed);
  }

  /** Ends what it waits for: there is something else to do. */
  function disturb() {
    if (isLive) onLive(false);
    isLive = false;
    disturbed.ring();
  }

  /** What it is at is not to be gone on with. */
  const isOver = () => mustReset || ending.signal.aborted;

  /** Waits until the log has moved, or there is something else to do. */
  const whatComes = () => firstOf(log.moves, disturbed);

  // ── one transaction ──────────────────────────────────────────────────────────────────────────────────────────────

  /** While not live: what the snapshot has seen is dropped, all else is told as the client makes room for it. */
  async function step(transaction: LogTransaction): Promise<void> {
    const previous = placeOrFail();
    const verdict = standpoint.judge(transaction, previous);
    if (verdict === 'unknowable') return lose('crash');
    while (standpoint.hasToWaitFor(transaction) && !isOver()) await whatComes();
    await teller.room();
    if (isOver()) return;
    if (verdict === 'seen') {
      standpoint.apply(transaction, true);
      place = transaction.position;
      // It is on screen already; that its author hears of it is owed all the same.
      return deliver(transaction, [], { previous, before: standpoint.standing() });
    }
    const complete = take(transaction, previous);
    standpoint.apply(transaction, false);
    complete();
  }

  /** In two halves: what was, at once; the rest when the returned function is called, with what the viewer may see by then. */
  function take(transaction: LogTransaction, previous: LogPosition): () => void {
    const authority = standpoint.authority();
    const look = lookBefore(request.views, transaction, authority);
    const wasMember = standpoint.isMember();
    const before = standpoint.standing();
    const mayHaveMissed = standpoint.mayHaveMissed(transaction);
    return () => {
      // If it is read anew, then from before this one: the snapshot will have seen it.
      place = previous;
      const loss = standpoint.lossBy(transaction, mayHaveMissed);
      if (loss !== null) giveUp(loss);
      if (isOver()) return;
      place = transaction.position;
      deliver(transaction, look(authority), { previous, before });
      // Changes of one workspace end with the membership in it.
      if (!isRows && wasMember && !standpoint.isMember()) end(whyEnded.noMember());
    };
  }

  function deliver(transaction: LogTransaction, told: readonly FrameChange[], from: Before) {
    teller.transaction(transaction, told, { ...from, isNewest: log.position()?.seq === transaction.position.seq });
  }

  function placeOrFail(): LogPosition {
    const at = isLive ? log.position() : place;
    if (at === null) throw new HistoryLostError('the log was lost');
    return at;
  }

  function end(error?: GraphQLError) {
    if (ending.signal.aborted) return;
    ending.abort();
    pages?.release();
    disturb();
    queue.end(error);
    onEnd();
  }

  return {
    request,
    start,
    end,
    /** The log cannot be continued. Who is in the `next` epoch already, by another process, waits until this one is. */
    meetAnew(next: number | null) {
      if (isLive || next === null || place?.epoch !== next) lose('history');
    },
    get isLive() {
      return isLive;
    },
    /** Live: for what the group of its standing is told. */
    listen: teller.listen,
    /** Live: it is its viewer's own session that wrote what it is not told of. */
    echo: (transaction: LogTransaction, from: LogPosition) =>
      deliver(transaction, [], { previous: from, before: standpoint.standing() }),
    /**
     * Live: takes the next transaction, in two halves. `before` is judged at once, `after` when the returned function is
     * called, by when the directory of everybody has moved on.
     */
    receive(transaction: LogTransaction): () => void {
      const complete = take(transaction, placeOrFail());
      return () => {
        if (!isLive) return;
        complete();
        if (mustReset) disturb();
      };
    },
    hasLost: standpoint.hasLost,
    /** What the log has not told in time, Postgres does. */
    distrust(now: Authority) {
      if (!standpoint.distrust(now)) return;
      if (!isRows && request.workspaceId !== null && !now.memberships.has(request.workspaceId))
        return end(whyEnded.noMember());
      place = isLive ? log.position() : place;
      giveUp('authority');
      disturb();
    },
    /**
     * Once a second. Ends with the token; says when the log stalls or it is behind, and when that is over; else moves the cursor on,
     * by a frame without changes, when none was sent since `quietSince`.
     */
    tick({ now, quietSince, isStalled }: Tick) {
      if (request.expiresAt.getTime() <= now) return end(whyEnded.tokenExpired());
      if (behindSince === null) teller.refresh(placeOrFail(), quietSince);
      else if (isStalled || now - behindSince > patienceMs) teller.mayBeOld();
    },
  };
}
export type Follower = ReturnType<typeof createFollower>;
