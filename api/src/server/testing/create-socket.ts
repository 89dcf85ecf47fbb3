import { createBacklog } from '../../feed/backlog.ts';
import { createCursors } from '../../feed/cursor.ts';
import type { Frame } from '../../feed/frame.ts';
import type { FrameQueue } from '../../feed/frame-queue.ts';
import {
  createPlacedFrame,
  type FrameText,
  type SharedBundle,
  type SharedFrame,
  standingMark,
} from '../../feed/shared-frame.ts';
import { Delivery } from '../delivery.ts';
import type { FrameAnswers } from '../frame-answers.ts';
import type { Pump } from '../outlet.ts';

const bounds = {
  maxSubscriptions: 3,
  maxFrames: 100,
  maxBytes: 100_000,
  maxSubscriptionFrames: 2,
  maxSubscriptionBytes: 100_000,
  patienceMs: 100,
};
const cursors = createCursors('a secret for tests of delivery, long enough');
const position = { epoch: 1, epochId: 'e', seq: 1, tag: 't' };
const authority = { viewerId: 'ada', isAdmin: false, memberships: new Map(), sharesWorkspaceWith: () => false };

export const named = (name: string): Frame => ({
  cursor: name,
  reset: false,
  upToDate: true,
  transaction: { transactionId: name, at: new Date(0), mutationId: null, actorId: null },
  changes: [],
});
export function sharedFrame(name: string, goesOn = false) {
  const { cursor: _, ...told } = named(name);
  const place = { position, sentOfNext: 0 };
  return createPlacedFrame(cursors, { told, place, goesOn, group: 'g', bytes: 10, authority });
}
/** Frames of a group that nobody has executed yet. */
export const bundle = (...names: readonly string[]) => bundleOf(names.map((name) => sharedFrame(name)));
export const bundleOf = (frames: readonly SharedFrame[]): SharedBundle => ({
  frames,
  isWritten: frames.every(({ text }) => text !== null),
});

/** A network that takes messages until it is told not to, and executions that are done at once unless `slow`. */
export function createSocket({ slow = false } = {}) {
  const sent: string[] = [];
  const waiting = new Set<Pump>();
  const executed: string[] = [];
  const unfinished: (() => void)[] = [];
  const network = {
    subscriptions: 0,
    isOpen: true,
    hasRoom: () => network.isOpen,
    whenRoom: (one: Pump) => void waiting.add(one),
    forget: (one: Pump) => void waiting.delete(one),
    write: (message: string) => void sent.push(message),
    framed: 0,
    writeFramed(bytes: Buffer) {
      this.framed += 1;
      sent.push(...messagesIn(bytes));
      return true;
    },
    held: 0,
    hold(bytes: number) {
      this.held += bytes;
    },
    flush() {},
  };
  const backlog = createBacklog(bounds);
  function finished<Text>(text: Text): Text | Promise<Text> {
    return slow ? new Promise((resolve) => unfinished.push(() => resolve(text))) : text;
  }
  function subscribe(id: string) {
    const answers: Pick<FrameAnswers, 'write' | 'writeShared'> = {
      write({ transaction }) {
        executed.push(`${transaction?.transactionId} for ${id}`);
        return finished(` ${transaction?.transactionId}}`);
      },
      writeShared({ transaction }) {
        executed.push(`${transaction?.transactionId} for all`);
        return finished<FrameText>(` ${transaction?.transactionId} ${standingMark}}`.split(standingMark));
      },
    };
    return new Delivery({ id, outlet: network, backlog, answers }, { end() {} });
  }
  return {
    sent,
    executed,
    backlog,
    waiting,
    subscribe,
    network,
    makeRoom() {
      network.isOpen = true;
      for (const one of [...waiting]) {
        waiting.delete(one);
        one.pump();
      }
    },
    /** @param index  in the order in which they began. */
    async finish(index: number) {
      unfinished[index]?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** Of frames that are written over the wire, each whole, unmasked and shorter than 64 KB. */
function messagesIn(bytes: Buffer): string[] {
  const messages: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const short = bytes.readUInt8(at + 1);
    const [start, length] = short === 126 ? [at + 4, bytes.readUInt16BE(at + 2)] : [at + 2, short];
    messages.push(bytes.toString('latin1', start, start + length));
    at = start + length;
  }
  return messages;
}

/** What graphql-ws does with what it reads. */
export function readBy(queue: FrameQueue, sent: string[]): Promise<void> {
  return (async () => {
    for await (const event of queue) sent.push('error' in event ? String(event.error.extensions['code']) : 'a frame');
    sent.push('the end');
  })();
}
