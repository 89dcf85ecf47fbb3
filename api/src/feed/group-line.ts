import type { TurnEnd } from '../turn-end.ts';
import { type Listener, lastOf, tellShared } from './listener.ts';
import type { SharedBundle, SharedFrame } from './shared-frame.ts';

/** So many wait for what they load. With more, each of the group is given them, as what is too much for one is counted there. */
const maxWaiting = 64;
/** Of one bundle on the wire: what a socket is handed at a time. */
const maxBundleBytes = 64 * 2 ** 10;

/**
 * What a group is told, until its members are: all of one turn of the event loop together, so that a member costs once a turn and
 * not once a frame. And while frames wait for what they load, they wait here and not a thousand times; those behind them load
 * meanwhile.
 *
 * Call `settle` before anything else is told to one of the group, and before somebody comes or goes.
 */
export class GroupLine {
  private readonly listeners: Iterable<Listener>;
  private readonly atTurnEnd: TurnEnd;
  private waiting: SharedFrame[] = [];
  /** So many of them, from the first, are being executed or have been. */
  private asked = 0;
  private isDue = false;
  private isHandingOver = false;

  /** @param listeners  those of the group, whoever they are by then. */
  constructor(listeners: Iterable<Listener>, atTurnEnd: TurnEnd) {
    this.listeners = listeners;
    this.atTurnEnd = atTurnEnd;
  }

  tell(frames: readonly SharedFrame[]): void {
    for (const frame of frames) this.waiting.push(frame);
    this.fallDue();
  }

  /** Whatever waits is given to each of the group, to wait there if it has to. */
  settle(): void {
    this.handOver(true);
  }

  private fallDue() {
    if (this.isDue) return;
    this.isDue = true;
    this.atTurnEnd(() => {
      this.isDue = false;
      this.handOver(false);
    });
  }

  private handOver(isForced: boolean) {
    // Who is too slow leaves in the midst of it, and has ended: he is owed nothing of the rest.
    if (this.isHandingOver || this.waiting.length === 0) return;
    const isAll = !this.ask() || isForced || this.waiting.length > maxWaiting;
    const unwritten = this.waiting.findIndex(({ text }) => text === null);
    const frames = this.waiting.splice(0, isAll || unwritten < 0 ? this.waiting.length : unwritten);
    this.asked = this.waiting.length;
    this.isHandingOver = true;
    const now = Date.now();
    try {
      for (const bundle of bundlesOf(frames)) {
        const last = lastOf(bundle.frames, now);
        for (const listener of this.listeners) tellShared(listener, bundle, last);
      }
    } finally {
      this.isHandingOver = false;
    }
  }

  /** Has all of them executed. @returns whether there is somebody who executes for all. */
  private ask(): boolean {
    const goOn = () => this.fallDue();
    for (; this.asked < this.waiting.length; this.asked += 1) {
      const frame = this.waiting[this.asked];
      if (frame !== undefined && !this.execute(frame, goOn)) return false;
    }
    return true;
  }
  private execute(frame: SharedFrame, goOn: () => void): boolean {
    for (const { queue } of this.listeners) if (queue.execute(frame, goOn)) return true;
    return false;
  }
}

/** The written ones, within the bound; the others are one. */
function* bundlesOf(frames: readonly SharedFrame[]): Generator<SharedBundle> {
  let bytes = 0;
  let written: SharedFrame[] = [];
  for (const [index, frame] of frames.entries()) {
    if (frame.text === null) {
      if (written.length > 0) yield { frames: written, isWritten: true };
      return yield { frames: frames.slice(index), isWritten: false };
    }
    const more = frame.text.reduce((sum, { length }) => sum + length, 0);
    if (written.length > 0 && bytes + more > maxBundleBytes) {
      yield { frames: written, isWritten: true };
      written = [];
      bytes = 0;
    }
    written.push(frame);
    bytes += more;
  }
  if (written.length > 0) yield { frames: written, isWritten: true };
}
