import { asCodedError } from '../errors.ts';
import { createBeginnings } from './beginnings.ts';
import { createBell, firstOf } from './bell.ts';
import { createConcern } from './concern.ts';
import type { Cursors } from './cursor.ts';
import type { LogView, Tick } from './log-view.ts';
import { asLost, HistoryLostError } from './replay.ts';
import { lostSince, readPlace, startOf } from './resume.ts';
import type { SharedSnapshots } from './shared-snapshots.ts';
import type { Snapshot } from './snapshots.ts';
import type { StartPoints } from './start-point.ts';
import { type Subscriber, takeTransaction, tell } from './take-transaction.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';
import { type Loss, whyEnded } from './why-ended.ts';

/** At once, of what cannot concern it: a few milliseconds. */
const maxPassedBy = 10_000;

interface Dependencies {
  readonly log: LogView;
  readonly startPoints: StartPoints;
  readonly snapshots: SharedSnapshots;
  readonly cursors: Cursors;
}

interface Walker extends Subscriber {
  readonly hasEnded: boolean;
  /** The way ends here: it stands at the newest transaction. */
  beLive(): void;
  /** It cannot be continued. */
  onLoss(loss: Loss): void;
}

/**
 * A subscription's way to the newest transaction of the log: from where it begins, or from where it cannot be continued. It takes
 * transactions as fast as its client reads them, from memory or from the stream, with an authority of its own.
 *
 * @param from  the last transaction that was dealt with, all is to be read anew; null: the log has to be met first. Left out for
 *   one that begins: see `start`.
 */
export function createWayToLive(
  { log, startPoints, snapshots, cursors }: Dependencies,
  walker: Walker,
  from?: LogPosition | null,
) {
  const { request, standpoint, teller } = walker;
  const isRows = request.kind === 'rows';
  const mayConcern = createConcern(request, teller.recent);
  const beginnings = createBeginnings({ request, startPoints, snapshots });
  const ending = new AbortController();
  /** Ends what it waits for: there is something else to do. */
  const disturbed = createBell();
  /** The last transaction that was dealt with. */
  let place = from ?? null;
  /** Everything is to be read anew. */
  let mustReset = from !== undefined;
  /** Of a snapshot: not sent yet. */
  let pages: Snapshot['rows'] | null = null;
  let isLive = false;
  /** Since when it is not at the newest transaction; null while it is. */
  let behindSince: number | null = Date.now();

  async function start(after: string | null): Promise<void> {
    const contents = after === null ? null : readPlace(cursors, request, after);
    if (after !== null && contents === null) {
      walker.onLoss('question');
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
    if (walker.hasEnded || place === null) return rows.release();
    pages = rows;
    standpoint.settleAt(place, start, start);
  }

  async function run(): Promise<void> {
    while (!isLive && !walker.hasEnded) {
      try {
        if (mustReset) await reset();
        if (pages !== null) {
          const at = placeOrFail();
          await teller.snapshot(pages, at, { isOver, isUpToDate: () => standpoint.hasSeenAllAfter(at) });
          if (!isOver()) pages = null;
        }
        await catchUp();
      } catch (error) {
        if (walker.hasEnded) return;
        if (error instanceof HistoryLostError) lose('history');
        else walker.end(asCodedError(error));
      }
    }
  }

  /** The log cannot be continued from its place. */
  function lose(loss: Loss) {
    giveUp(loss);
    if (place !== null) log.leave(place);
    place = null;
    disturbed.ring();
  }

  /** Rows are read anew; changes cannot be. */
  function giveUp(loss: Loss) {
    walker.onLoss(loss);
    if (isRows) mustReset = true;
    else walker.end(whyEnded.expired(loss));
  }

  /** Everything again, from a new snapshot. While Postgres does not answer, the client is told that it may be behind. */
  async function reset(): Promise<void> {
    pages?.release();
    pages = null;
    while (log.position() === null && !walker.hasEnded) await whatComes();
    place ??= log.position();
    // Not afterwards: what is distrusted meanwhile has to be read once more.
    mustReset = false;
    openRows(await beginnings.rowsAtLast(ending.signal, () => teller.mayBeOld()));
  }

  /** Up to the newest transaction, and on from there as it comes, until it may go live. */
  async function catchUp(): Promise<void> {
    while (!isOver()) {
      if (isAhead()) {
        await whatComes();
        continue;
      }
      passOthersBy();
      for await (const transaction of log.since(placeOrFail(), ending.signal)) {
        if (passesBy(transaction)) continue;
        await step(transaction).catch(asLost);
        if (isOver()) return;
      }
      if (teller.saidUpToDate !== true) await teller.room();
      if (isOver() || log.after(placeOrFail()) !== null) continue;
      if (teller.saidUpToDate !== true) teller.quiet(placeOrFail(), true);
      if (isOver()) continue;
      behindSince = null;
      // Nothing may come between the look at the log and this.
      if (standpoint.shareEverybody()) {
        isLive = true;
        return walker.beLive();
      }
      await whatComes();
      behindSince = Date.now();
    }
  }

  /** Another process has shown the client more than this one has passed yet: later transactions, or a part of the next. */
  function isAhead(): boolean {
    const next = log.after(placeOrFail());
    return next === 'ahead' || (next === null && teller.owesRest());
  }

  /** What it is at is not to be gone on with. */
  const isOver = () => mustReset || walker.hasEnded;

  /** What follows and cannot concern it, without a pause: most of what comes while a crowd comes in. */
  function passOthersBy() {
    for (let passed = 0; passed < maxPassedBy; passed += 1) {
      const next = log.after(placeOrFail());
      if (next === null || typeof next === 'string' || !passesBy(next)) return;
    }
  }

  function passesBy(transaction: LogTransaction): boolean {
    if (teller.owesRest() || mayConcern(transaction)) return false;
    if (standpoint.judge(transaction, placeOrFail()) === 'unknowable') return false;
    place = transaction.position;
    return true;
  }

  /** Waits until the log has moved, or there is something else to do. */
  const whatComes = () => firstOf(log.moves, disturbed);

  /** What the snapshot has seen is dropped, all else is told as the client makes room for it. */
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
      return tell(walker, transaction, [], { previous, before: standpoint.standing(), log });
    }
    const complete = takeTransaction(walker, transaction, { previous, log });
    standpoint.apply(transaction, false);
    const loss = complete();
    // If it is read anew, then from before this one: the snapshot will have seen it.
    if (loss === null) place = transaction.position;
    else giveUp(loss);
  }

  function placeOrFail(): LogPosition {
    if (place === null) throw new HistoryLostError('the log was lost');
    return place;
  }

  return {
    /**
     * Finds its place. Rejects with a coded error; after that it goes on until it is live or has ended.
     *
     * @param after  the cursor to go on from; null to begin.
     */
    start,
    run,
    /** The log cannot be continued. Who is in the `next` epoch already, by another process, waits until this one is. */
    meetAnew(next: number | null) {
      if (next === null || place?.epoch !== next) lose('history');
    },
    /** What the log has not told in time, Postgres did. */
    distrust() {
      giveUp('authority');
      disturbed.ring();
    },
    /** @param patienceMs  who is behind for longer is told so. */
    tick({ now, quietSince, isStalled }: Tick, patienceMs: number) {
      if (behindSince === null) teller.refresh(placeOrFail(), quietSince);
      else if (isStalled || now - behindSince > patienceMs) teller.mayBeOld();
    },
    end() {
      if (place !== null) log.leave(place);
      ending.abort();
      pages?.release();
      disturbed.ring();
    },
  };
}
export type WayToLive = ReturnType<typeof createWayToLive>;
