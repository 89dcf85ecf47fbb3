import { randomUUID } from 'node:crypto';
import type { Authority } from '../authority/authority.ts';
import type { CursorPlace, Cursors } from './cursor.ts';
import type { Frame } from './frame.ts';

/**
 * Stands in a shared frame where each member's own part of the cursor comes. Nobody outside of this process knows it, so no row
 * can hold it.
 */
export const standingMark = randomUUID();

/** How a shared frame reads on the wire, in the pieces between which each member's part of the cursor comes. */
export type FrameText = readonly string[];

/** A frame that a whole group is told: it is executed and written once, by whoever needs it first. */
export interface SharedFrame {
  /** With the mark in its cursor. */
  readonly frame: Frame;
  /** Null where each member has a place of its own. */
  readonly place: CursorPlace | null;
  /** It is a further piece of what the frame before it is of: see `FrameQueue.push`. */
  readonly goesOn: boolean;
  /** In memory and on the wire, roughly. */
  readonly bytes: number;
  /** What each of the group may read, as of the frame: for what its selection loads besides. */
  readonly authority: Authority;
  /** Null until it was written. */
  readonly text: FrameText | null;
  /** The frame as one member is told it. @param own  its part of the cursor. */
  frameOf(own: string): Frame;
  /** Has it written, unless somebody has asked before. */
  prepare(writing: SharedWriting): void;
  /** The same; `onText` is called when it is there. */
  write(writing: SharedWriting, onText: () => void): void;
}

/** Some that a group is told together, in their order. */
export interface SharedBundle {
  readonly frames: readonly SharedFrame[];
  /** The text of all is there. */
  readonly isWritten: boolean;
}

/** Whose execution it is. */
export interface SharedWriting {
  /** Must not throw or reject: an execution that fails is a text with its errors. */
  writeShared(frame: Frame, authority: Authority): FrameText | Promise<FrameText>;
}

/** One that stands at the same place of the log for all: what is a member's own of its cursor is its standing. */
export interface PlacedFrame extends SharedFrame {
  readonly place: CursorPlace;
}

interface Telling {
  readonly told: Omit<Frame, 'cursor'>;
  readonly goesOn: boolean;
  readonly bytes: number;
  readonly authority: Authority;
}

export function createPlacedFrame(
  cursors: Cursors,
  { group, ...telling }: Telling & { readonly place: CursorPlace; readonly group: string },
): PlacedFrame {
  const placeText = cursors.writePlace(telling.place, group);
  return createSharedFrame({ ...telling, cursorOf: (standing) => cursors.join(placeText, standing) });
}

/** @param cursorOf  makes a member's cursor of its own part. */
export function createSharedFrame<Place extends CursorPlace | null>({
  told,
  bytes,
  authority,
  place,
  goesOn,
  cursorOf,
}: Telling & { readonly place: Place; readonly cursorOf: (own: string) => string }) {
  const frameOf = (own: string): Frame => ({ ...told, cursor: cursorOf(own) });
  const frame = frameOf(standingMark);
  let text: FrameText | null = null;
  let waiting: (() => void)[] | null = null;

  function prepare(writing: SharedWriting) {
    if (text !== null || waiting !== null) return;
    waiting = [];
    const written = writing.writeShared(frame, authority);
    if (written instanceof Promise) void written.then(finish);
    else finish(written);
  }
  function finish(written: FrameText) {
    text = written;
    for (const onText of waiting ?? []) onText();
    waiting = null;
  }
  return {
    frame,
    place,
    goesOn,
    bytes,
    authority,
    get text() {
      return text;
    },
    frameOf,
    prepare,
    write(writing: SharedWriting, onText: () => void) {
      prepare(writing);
      if (text === null) waiting?.push(onText);
      else onText();
    },
  };
}
