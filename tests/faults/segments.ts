import type { RowState } from './rows.ts';
import { HELD_UP_MS } from './socket.ts';
import type { View } from './views.ts';
import type { Happening, SeenChange, SeenFrame } from './watcher.ts';

/** The frames of one transaction. */
export interface Group {
  readonly xid: string;
  readonly changes: SeenChange[];
}

/** What a watcher was told without a break: from a snapshot, or from the opening of its changes, up to the next. */
export interface Segment {
  /** When it was asked for, or, of a reset, when the frame before it was sent at the earliest: its snapshot is not older. */
  readonly askedAt: number;
  readonly startedAt: number;
  /** How it began: asked for anew, or by a frame that reset what was there. */
  readonly isReset: boolean;
  /** Rows of its snapshot, by model and key; null for changes. */
  readonly snapshot: Map<string, RowState> | null;
  /** For changes: a transaction with this id or a higher one began after the opening. */
  readonly xmax: bigint | undefined;
  readonly groups: Group[];
  /** Whether all pages of its snapshot came. */
  isWhole: boolean;
  /** Whether it goes on to the end of the run. */
  isLast: boolean;
  lastFrameAt: number;
  /** When a frame last said that it was. */
  upToDateAt: number;
}

/** An end that a watcher was told of, with the segment that it ended. */
export interface End {
  readonly at: number;
  readonly codes: readonly string[];
  readonly segment: Segment | undefined;
}

export interface Story {
  readonly segments: readonly Segment[];
  readonly ends: readonly End[];
  /** What breaks the protocol of frames, whatever the log says. */
  readonly problems: readonly string[];
}

/** Reads a watcher's history as segments. */
export function readStory(view: View, history: readonly Happening[]): Story {
  const segments: Segment[] = [];
  const ends: End[] = [];
  const problems: string[] = [];
  let current: Segment | undefined;
  let subscribedAt = 0;
  let isFresh = true;
  let groupIsOver = false;

  const begin = (at: number, isReset: boolean, xmax?: bigint) => {
    // Whoever begins anew in the middle of a transaction is not told the rest of it.
    if (!groupIsOver) current?.groups.pop();
    current = {
      askedAt: isReset ? Math.max(subscribedAt, (current?.lastFrameAt ?? 0) - HELD_UP_MS) : subscribedAt,
      startedAt: at,
      isReset,
      snapshot: view.kind === 'watch' ? new Map() : null,
      xmax,
      groups: [],
      isWhole: view.kind === 'changes',
      isLast: false,
      lastFrameAt: at,
      upToDateAt: at,
    };
    segments.push(current);
    groupIsOver = false;
    return current;
  };
  const takeChanges = (segment: Segment, { transactionId, changes, upToDate }: SeenFrame) => {
    if (transactionId === null) {
      if (segment.isWhole && segment.snapshot !== null && changes.length > 0)
        problems.push('a page of the snapshot came after what follows it');
      addPage(segment, changes, problems);
      if (upToDate) segment.isWhole = groupIsOver = true;
      return;
    }
    const open = segment.groups.at(-1);
    // The last page does not say so when more has come meanwhile: what follows does.
    if (changes.length > 0) segment.isWhole = true;
    if (open?.xid === transactionId) {
      if (groupIsOver && changes.length > 0)
        problems.push(`${transactionId} went on after a frame that was up to date`);
      open.changes.push(...changes);
    } else if (changes.length > 0) {
      segment.groups.push({ xid: transactionId, changes: [...changes] });
    }
    groupIsOver = upToDate;
  };

  for (const happening of history) {
    if (happening.what === 'subscribes') {
      subscribedAt = happening.at;
      if (!happening.resumes) isFresh = true;
    } else if (happening.what === 'ends') {
      ends.push({ at: happening.at, codes: happening.codes, segment: current });
    } else if (happening.what === 'frame') {
      const { frame, at, xmax } = happening;
      if (frame.reset && view.kind === 'changes') problems.push('changes were reset');
      if (isFresh && view.kind === 'watch' && !frame.reset) problems.push('a watch began without reset: true');
      const segment = frame.reset || isFresh || current === undefined ? begin(at, !isFresh, xmax) : current;
      isFresh = false;
      takeChanges(segment, frame);
      segment.lastFrameAt = at;
      if (frame.upToDate) segment.upToDateAt = at;
    }
  }
  const last = history.findLast(({ what }) => what === 'frame' || what === 'ends');
  if (current !== undefined && !isFresh && last?.what === 'frame') current.isLast = true;
  // Nor is whoever lost the right to it in the middle of a transaction.
  else if (!groupIsOver) current?.groups.pop();
  return { segments, ends, problems };
}

function addPage(segment: Segment, changes: readonly SeenChange[], problems: string[]): void {
  if (changes.length === 0) return;
  if (segment.snapshot === null) {
    problems.push('changes came without a transaction');
    return;
  }
  for (const { model, key, state, operation } of changes) {
    const id = `${model}:${key}`;
    if (state === null || operation !== 'CREATED') problems.push(`a snapshot says ${operation} of ${id}`);
    else if (segment.snapshot.has(id)) problems.push(`a snapshot has ${id} twice`);
    else segment.snapshot.set(id, state);
  }
}
