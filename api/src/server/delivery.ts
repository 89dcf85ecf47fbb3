import type { GraphQLError } from 'graphql';
import { type Backlog, closeShare, countIn, countOut, endShare, isFull, openShare, roomIn } from '../feed/backlog.ts';
import type { Frame } from '../feed/frame.ts';
import type { FrameEvent, FrameQueue } from '../feed/frame-queue.ts';
import type { FrameText, SharedFrame } from '../feed/shared-frame.ts';
import type { FrameAnswers } from './frame-answers.ts';
import type { Outlet } from './outlet.ts';
import { bytesOf } from './text-frame.ts';

interface Dependencies {
  /** Of the operation, as its client names it. */
  readonly id: string;
  readonly outlet: Outlet;
  readonly backlog: Backlog;
  /** Asked for when there is a frame: by then the operation is known. */
  readonly answers: () => FrameAnswers;
}

/** A frame that waits for its turn: one's own, or one of its group's. */
interface Entry {
  readonly own: Frame | null;
  readonly shared: SharedFrame | null;
  /** For the shared one. */
  readonly standing: string;
  readonly bytes: number;
  /** Of its own, when that has been executed. */
  message: string | null;
}

/**
 * One subscription's frames on their way over its socket, each as a `next` message. graphql-ws, which reads it as a queue, is
 * given the reason of the end alone, when all frames are out.
 *
 * A shared frame whose text is there goes out at once, when nothing of the subscription waits: no promise, nothing is kept. All
 * else waits its turn: its own frames until they are executed, and everything while the network takes nothing.
 *
 * @throws TOO_MANY_SUBSCRIPTIONS
 */
export function createDelivery({ id, outlet, backlog, answers }: Dependencies, onClose: () => void): FrameQueue {
  const share = openShare(backlog);
  const head = bytesOf(`{"id":${JSON.stringify(id)}`);
  /** Next to go out; the others are after it. */
  let current: Entry | null = null;
  const waiting: Entry[] = [];
  let reader: ((result: IteratorResult<FrameEvent, undefined>) => void) | null = null;
  /** graphql-ws knows the subscription, and its client may hear of it. */
  let started = false;
  let ended = false;
  let closed = false;
  let reason: GraphQLError | undefined;
  let isPumping = false;

  function take(entry: Entry, goesOn: boolean): boolean {
    if (current === null) {
      begin(entry);
      return true;
    }
    if (!goesOn && isFull(share, entry.bytes)) return false;
    countIn(share, entry.bytes);
    waiting.push(entry);
    // What it loads is under way while those before it are sent.
    entry.shared?.prepare(answers().writeShared);
    return true;
  }

  /** It is the next: has it executed. */
  function begin(entry: Entry) {
    current = entry;
    if (entry.shared !== null) return entry.shared.write(answers().writeShared, pump);
    if (entry.own === null) return;
    const text = answers().write(entry.own);
    if (text instanceof Promise) void text.then((written) => finish(entry, written));
    else finish(entry, text);
  }
  function finish(entry: Entry, text: string) {
    if (closed) return;
    entry.message = head + text;
    outlet.hold(entry.message.length);
    pump();
  }
  /** It is sent, or will not be. */
  function release({ message }: Entry) {
    if (message !== null) outlet.hold(-message.length);
  }
  function messageOf({ shared, standing, message }: Entry): string | null {
    if (shared === null) return message;
    return shared.text && nextMessage(head, shared.text, standing);
  }

  /** Sends what can be sent by now. */
  function pump() {
    if (isPumping || !started) return;
    isPumping = true;
    while (current !== null) {
      const message = messageOf(current);
      if (message === null) break;
      if (!outlet.hasRoom) {
        outlet.whenRoom(pump);
        break;
      }
      release(current);
      outlet.write(message);
      const next = waiting.shift();
      current = null;
      if (next === undefined) break;
      countOut(share, next.bytes);
      begin(next);
    }
    isPumping = false;
    if (current === null && ended && reader !== null) tellEnd(reader);
  }

  function tellEnd(tell: (result: IteratorResult<FrameEvent, undefined>) => void) {
    reader = null;
    const error = reason;
    reason = undefined;
    if (error !== undefined) return tell({ value: { error }, done: false });
    close();
    tell({ value: undefined, done: true });
  }

  function close() {
    if (closed) return;
    closed = true;
    ended = true;
    if (current !== null) release(current);
    current = null;
    waiting.length = 0;
    outlet.forget(pump);
    closeShare(share);
    reader?.({ value: undefined, done: true });
    reader = null;
    onClose();
  }

  return {
    push: (own, bytes, goesOn = false) =>
      ended || take({ own, shared: null, standing: '', bytes, message: null }, goesOn),
    share(shared, standing, goesOn = false) {
      if (ended) return true;
      if (current === null && started && shared.text !== null && outlet.hasRoom) {
        outlet.write(nextMessage(head, shared.text, standing));
        return true;
      }
      return take({ own: null, shared, standing, bytes: shared.bytes, message: null }, goesOn);
    },
    leaveGroup() {
      for (const [index, { shared, standing, ...entry }] of waiting.entries())
        if (shared !== null && shared.text === null)
          waiting[index] = { ...entry, own: shared.frameOf(standing), shared: null, standing };
    },
    room: () => roomIn(share),
    end(error) {
      if (ended) return;
      ended = true;
      reason = error;
      endShare(share);
      if (current !== null) return;
      if (error === undefined) close();
      else if (reader !== null) tellEnd(reader);
    },
    next() {
      started = true;
      return new Promise((resolve) => {
        if (closed) return resolve({ value: undefined, done: true });
        reader = resolve;
        pump();
      });
    },
    return() {
      close();
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** @param text  in whose gaps the subscription's part of the cursor comes. */
function nextMessage(head: string, text: FrameText, standing: string): string {
  let message = head + text[0];
  for (let index = 1; index < text.length; index += 1) message += standing + text[index];
  return message;
}
