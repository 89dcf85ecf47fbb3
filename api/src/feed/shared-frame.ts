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
  readonly place: CursorPlace;
  /** In memory and on the wire, roughly. */
  readonly bytes: number;
  /** What each of the group may read, as of the frame: for what its selection loads besides. */
  readonly authority: Authority;
  /** Null until it was written. */
  readonly text: FrameText | null;
  /** The frame as one member is told it. */
  frameOf(standing: string): Frame;
  /** Has it written, unless somebody has asked before. */
  prepare(writing: SharedWriting): void;
  /** The same; `onText` is called when it is there. */
  write(writing: SharedWriting, onText: () => void): void;
}

/** Whose execution it is. */
export interface SharedWriting {
  /** Must not throw or reject: an execution that fails is a text with its errors. */
  writeShared(frame: Frame, authority: Authority): FrameText | Promise<FrameText>;
}

interface Telling {
  readonly told: Omit<Frame, 'cursor'>;
  readonly place: CursorPlace;
  readonly group: string;
  readonly bytes: number;
  readonly authority: Authority;
}

export function createSharedFrame(cursors: Cursors, { told, place, group, bytes, authority }: Telling): SharedFrame {
  const placeText = cursors.writePlace(place, group);
  const frameOf = (standing: string): Frame => ({ ...told, cursor: cursors.join(placeText, standing) });
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
    bytes,
    authority,
    get text() {
      return text;
    },
    frameOf,
    prepare,
    write(writing, onText) {
      prepare(writing);
      if (text === null) waiting?.push(onText);
      else onText();
    },
  };
}
