import type { GraphQLError } from 'graphql';
import type { CursorContents, CursorStanding, Cursors } from './cursor.ts';
import type { FollowRequest } from './follow-request.ts';
import { cutChanges, type FrameBounds, type FrameChange } from './frame.ts';
import type { FrameQueue } from './frame-queue.ts';
import { createFrameWriter, type Placing } from './frame-writer.ts';
import { createListener, type Listener } from './listener.ts';
import type { LogView } from './log-view.ts';
import type { SnapshotRows } from './snapshot-rows.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';
import { whyEnded } from './why-ended.ts';

export interface TellerDependencies {
  readonly request: FollowRequest;
  readonly queue: FrameQueue;
  readonly cursors: Cursors;
  readonly bounds: FrameBounds;
  readonly standing: () => CursorStanding;
  /** While it stands still nobody is up to date, however new here is what it brought last. */
  readonly log: Pick<LogView, 'isStalled'>;
  /** The client reads too slowly: nothing more is told. */
  readonly onSlow: (error: GraphQLError) => void;
}

/** Tells a subscriber what happened, in frames, as fast as it reads; ends with SLOW_CONSUMER and the cursor to go on from. */
export function createTeller({ request, queue, cursors, bounds, standing, log, onSlow }: TellerDependencies) {
  const { views, sessionId } = request;
  const listener = createListener(queue, () => requireTaken(false));
  const frames = createFrameWriter({ listener, cursors, bounds });
  /** Of the next transaction: what the client had of it before it came back. */
  let alreadySent = 0;

  function requireTaken(wasTaken: boolean) {
    if (!wasTaken) onSlow(whyEnded.slow(frames.lastCursor));
  }

  function isAuthor({ actorSession, tables }: LogTransaction): boolean {
    return actorSession === sessionId && views.some(({ model }) => tables.has(model.table));
  }

  /** Waits for the client, but not for ever. */
  async function room(): Promise<void> {
    requireTaken(await queue.room());
  }

  /** A frame without changes: what is on screen is what the log has brought, or may be old. */
  function quiet(position: LogPosition, upToDate: boolean) {
    const isTrue = upToDate && !log.isStalled();
    if (upToDate && !isTrue && listener.saidUpToDate === false) return; // It was said already.
    listener.saidUpToDate = isTrue;
    requireTaken(frames.writeQuiet(position, standing(), isTrue));
  }

  return {
    room,
    /** Ready to be told what its group is told. */
    listen(): Listener & { readonly standing: CursorStanding } {
      const now = standing();
      frames.settle(now);
      return Object.assign(listener, { standing: now });
    },
    /** The last that was said of it. */
    get saidUpToDate() {
      return listener.saidUpToDate === true;
    },
    /** The client was told so much before it came back. */
    goOnFrom(contents: CursorContents) {
      frames.goOnFrom(contents);
      alreadySent = contents.sentOfNext;
    },
    /** It has a part of a transaction whose rest is still to be told. */
    get owesRest() {
      return alreadySent > 0;
    },
    quiet,
    /** Says when the log stalls, and when it goes on; else moves the cursor on, when nothing was said since `quietSince`. */
    refresh(position: LogPosition, quietSince: number) {
      const isQuiet = listener.lastFrameAt < quietSince;
      if (listener.saidUpToDate !== !log.isStalled() || (isQuiet && !log.isStalled()))
        quiet(position, !log.isStalled());
    },
    /** What is on screen may be old, and it is not known yet from where it goes on. Said once. */
    mayBeOld() {
      if (listener.saidUpToDate === false || listener.place === null) return;
      listener.saidUpToDate = false;
      requireTaken(frames.writeMayBeOld());
    },
    /** What a transaction changed in the views; its author's session hears of it also when that is nothing. */
    transaction(transaction: LogTransaction, told: readonly FrameChange[], from: Omit<Placing, 'alreadySent'>) {
      const placing = { ...from, isNewest: from.isNewest && !log.isStalled(), alreadySent };
      alreadySent = 0;
      if (told.length <= placing.alreadySent && !(isAuthor(transaction) && placing.alreadySent === 0)) return;
      listener.saidUpToDate = placing.isNewest;
      requireTaken(frames.writeTransaction(transaction, told, placing, standing()));
    },
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
      alreadySent = 0;
      let isFirst = true;
      do {
        const page = await rows.take();
        const view = page === null ? undefined : views[page.view];
        const changes =
          page === null || view === undefined ? [] : page.changes.map((change) => ({ ...change, model: view.model }));
        const pieces = cutChanges(changes, bounds);
        for (const [index, piece] of pieces.entries()) {
          await room();
          requireTaken(!rows.wasDropped);
          if (isOver()) return;
          const isLast = rows.pages === 0 && index === pieces.length - 1;
          const here = isLast ? standing() : { ...standing(), start: 'unfinished' as const };
          listener.saidUpToDate = isLast && isUpToDate() && !log.isStalled();
          requireTaken(frames.writePage(piece, { position, reset: isFirst, upToDate: listener.saidUpToDate }, here));
          isFirst = false;
        }
      } while (rows.pages > 0);
    },
  };
}
