import type { GraphQLError } from 'graphql';
import type { CursorContents, CursorStanding } from './cursor.ts';
import { type Follow, isToldToAll, needsPeers } from './follow-request.ts';
import type { FrameChange } from './frame.ts';
import type { FrameQueue } from './frame-queue.ts';
import type { FrameWriter, Placing } from './frame-writer.ts';
import type { GroupLine } from './group-line.ts';
import { type LastTold, type Listener, lastOf, tellShared } from './listener.ts';
import type { LogView } from './log-view.ts';
import type { RecentFrames } from './recent-frames.ts';
import type { SnapshotRows } from './snapshot-rows.ts';
import type { Standpoint } from './standpoint.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';
import { whyEnded } from './why-ended.ts';

export interface TellerDependencies {
  readonly frames: FrameWriter;
  /** While it stands still nobody is up to date, however new here is what it brought last. */
  readonly log: Pick<LogView, 'isStalled'>;
}

/** The subscription that it tells for. */
interface Told {
  readonly request: Follow;
  readonly standpoint: Pick<Standpoint, 'standing' | 'authority'>;
  /** Its client reads too slowly: nothing more is told. */
  end(error: GraphQLError): void;
}

/**
 * Tells a subscriber what happened, in frames, as fast as it reads; ends with SLOW_CONSUMER and the cursor to go on from.
 *
 * @see docs/decisions/what-a-subscription-costs.md, on why this is a class
 */
export class Teller implements Listener {
  readonly queue: FrameQueue;
  line: GroupLine | null = null;
  standing: CursorStanding | null = null;
  text = '';
  lastTold: LastTold = { place: null, at: Date.now(), upToDate: null };
  placeStanding: CursorStanding | null = null;
  private readonly dependencies: TellerDependencies;
  private readonly subscription: Told;
  /** Of the next transaction: what the client had of it before it came back. */
  private alreadySent = 0;

  constructor(dependencies: TellerDependencies, subscription: Told, queue: FrameQueue) {
    this.dependencies = dependencies;
    this.subscription = subscription;
    this.queue = queue;
  }

  tooSlow(): void {
    this.subscription.end(whyEnded.slow(this.dependencies.frames.lastCursor(this)));
  }
  private requireTaken(wasTaken: boolean) {
    if (!wasTaken) this.tooSlow();
  }

  private isAuthor({ actorSession, tables }: LogTransaction): boolean {
    const { sessionId, views } = this.subscription.request;
    return actorSession === sessionId && views.some(({ model }) => tables.has(model.table));
  }

  /** What the last frame said of it; null when there was none. */
  get saidUpToDate(): boolean | null {
    return this.lastTold.upToDate;
  }
  /** What others of its group were told of late. */
  get recent(): RecentFrames {
    return this.dependencies.frames.recent;
  }

  /** Waits for the client, but not for ever. */
  async room(): Promise<void> {
    this.requireTaken(await this.queue.room());
  }

  /** A frame without changes: what is on screen is what the log has brought, or may be old. */
  quiet(position: LogPosition, upToDate: boolean) {
    const { frames, log } = this.dependencies;
    const isTrue = upToDate && !log.isStalled();
    if (upToDate && !isTrue && this.saidUpToDate === false) return; // It was said already.
    this.requireTaken(frames.writeQuiet(this, position, this.subscription.standpoint.standing(), isTrue));
  }

  /** Ready to be told what its group is told. */
  listen(): Listener & { readonly standing: CursorStanding } {
    const standing = this.subscription.standpoint.standing();
    this.dependencies.frames.settle(this, standing);
    return this as Listener & { readonly standing: CursorStanding };
  }

  /** The client was told so much before it came back. */
  goOnFrom(contents: CursorContents) {
    this.dependencies.frames.goOnFrom(this, contents);
    this.alreadySent = contents.sentOfNext;
  }

  /** It has a part of a transaction whose rest is still to be told. */
  owesRest(): boolean {
    return this.alreadySent > 0;
  }

  /** Says when the log stalls, and when it goes on; else moves the cursor on, when nothing was said since `quietSince`. */
  refresh(position: LogPosition, quietSince: number) {
    this.line?.settle();
    const isStalled = this.dependencies.log.isStalled();
    const isQuiet = this.lastTold.at < quietSince;
    if (this.saidUpToDate !== !isStalled || (isQuiet && !isStalled)) this.quiet(position, !isStalled);
  }

  /** What is on screen may be old, and it is not known yet from where it goes on. Said once. */
  mayBeOld() {
    if (this.saidUpToDate === false || this.lastTold.place === null) return;
    this.requireTaken(this.dependencies.frames.writeMayBeOld(this));
  }

  /** What a transaction changed in the views; its author's session hears of it also when that is nothing. */
  transaction(transaction: LogTransaction, told: readonly FrameChange[], from: Omit<Placing, 'alreadySent'>) {
    const { frames, log } = this.dependencies;
    const placing = { ...from, isNewest: from.isNewest && !log.isStalled(), alreadySent: this.alreadySent };
    this.alreadySent = 0;
    if (told.length <= placing.alreadySent && !(this.isAuthor(transaction) && placing.alreadySent === 0)) return;
    const { standpoint, request } = this.subscription;
    const standing = standpoint.standing();
    // Where nothing of its own comes into it, it is told what all of its group are.
    const isAlone = placing.alreadySent > 0 || told.length === 0 || from.before !== standing || needsPeers(request);
    if (!isAlone && isToldToAll(request.selection)) {
      frames.settle(this, standing);
      const audience = { group: standing.group, authority: standpoint.authority() };
      const shared = this.recent.of(transaction, told, placing, audience);
      return tellShared(this, { frames: shared, isWritten: false }, lastOf(shared, Date.now()));
    }
    this.requireTaken(frames.writeTransaction(this, transaction, told, placing, standing));
  }

  /**
   * All rows of a snapshot, page by page. Stops when `isOver`; when the rows are dropped, the client was too slow for them.
   *
   * @param isUpToDate  it has seen all that has come after `position`.
   */
  async snapshot(
    rows: SnapshotRows,
    position: LogPosition,
    { isOver, isUpToDate }: { readonly isOver: () => boolean; readonly isUpToDate: () => boolean },
  ): Promise<void> {
    const { frames: writer, log } = this.dependencies;
    const { standpoint, request } = this.subscription;
    const isForAll = isToldToAll(request.selection);
    this.alreadySent = 0;
    let isFirst = true;
    do {
      const page = await rows.take();
      const frames = page && writer.framesOf(page, request.views);
      for (const [index, piece] of (frames?.pieces ?? [[]]).entries()) {
        await this.room();
        this.requireTaken(!rows.wasDropped);
        if (isOver()) return;
        const standing = standpoint.standing();
        const isLast = rows.pages === 0 && index === (frames?.pieces.length ?? 1) - 1;
        const here = isLast ? standing : { ...standing, start: 'unfinished' as const };
        const says = { reset: isFirst, upToDate: isLast && isUpToDate() && !log.isStalled() };
        const shared = isForAll && rows.isShared ? frames?.shared(index, says, standpoint.authority()) : undefined;
        this.requireTaken(
          shared === undefined
            ? writer.writePage(this, piece, { position, ...says }, here)
            : writer.writeShared(this, shared, position, here),
        );
        isFirst = false;
      }
    } while (rows.pages > 0);
  }
}
