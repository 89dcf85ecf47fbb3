import { type Authority, asOfNow } from '../authority/authority.ts';
import { cutChanges, type FrameBounds, type FrameChange } from './frame.ts';
import { createSharedFrame, type SharedFrame } from './shared-frame.ts';
import type { PackedPage } from './snapshot-rows.ts';
import { sizeOfFrame } from './transaction-frames.ts';
import type { View } from './view.ts';

/** A page of a snapshot in frames' worth. */
export interface PageFrames {
  readonly pieces: readonly (readonly FrameChange[])[];
  /**
   * A piece as a frame for all who are given the page, but for the cursor: each has come to the snapshot from a place of its own.
   *
   * @param authority  of one of them, who all may see the same.
   */
  shared(index: number, says: PageFlags, authority: Authority): SharedFrame;
}

interface PageFlags {
  readonly reset: boolean;
  readonly upToDate: boolean;
}

/** All of it is a member's own. */
const cursorOf = (own: string) => own;

/** What is made of a page is kept as long as the page is, for whoever is given the same. */
export function createPageFrames(bounds: FrameBounds) {
  const known = new WeakMap<PackedPage, PageFrames>();

  function make({ view, changes }: PackedPage, views: readonly View[]): PageFrames {
    const model = views[view]?.model;
    const pieces = cutChanges(model === undefined ? [] : changes.map((change) => ({ ...change, model })), bounds);
    const frames = new Map<string, SharedFrame>();
    return {
      pieces,
      shared(index, { reset, upToDate }, authority) {
        const name = `${index} ${reset} ${upToDate}`;
        let frame = frames.get(name);
        if (frame === undefined) {
          const told = { reset, upToDate, transaction: null, changes: pieces[index] ?? [] };
          const bytes = sizeOfFrame(told);
          frame = createSharedFrame({
            told,
            goesOn: !told.reset,
            bytes,
            authority: asOfNow(authority),
            place: null,
            cursorOf,
          });
          frames.set(name, frame);
        }
        return frame;
      },
    };
  }

  return (page: PackedPage, views: readonly View[]): PageFrames => {
    const frames = known.get(page) ?? make(page, views);
    known.set(page, frames);
    return frames;
  };
}
