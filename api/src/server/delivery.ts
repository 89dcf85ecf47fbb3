import type { GraphQLError } from 'graphql';
import { type Backlog, closeShare, countIn, countOut, endShare, isFull, openShare, roomIn } from '../feed/backlog.ts';
import type { Frame } from '../feed/frame.ts';
import type { FrameEvent, FrameQueue } from '../feed/frame-queue.ts';
import type { FrameText } from '../feed/shared-frame.ts';
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

/** A frame that waits for its turn. */
interface Entry {
  readonly bytes: number;
  /** Its text is being made, and calls for it when it is there. */
  begin(): void;
  /** Null until it is there. */
  message(): string | null;
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
      current = entry;
      entry.begin();
      return true;
    }
    if (!goesOn && isFull(share, entry.bytes)) return false;
    countIn(share, entry.bytes);
    waiting.push(entry);
    return true;
  }

  /** Sends what can be sent by now. */
  function pump() {
    if (isPumping || !started) return;
    isPumping = true;
    while (current !== null) {
      const message = current.message();
      if (message === null) break;
      if (!outlet.hasRoom) {
        outlet.whenRoom(pump);
        break;
      }
      outlet.write(message);
      current = waiting.shift() ?? null;
      if (current === null) break;
      countOut(share, current.bytes);
      current?.begin();
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
    current = null;
    waiting.length = 0;
    outlet.forget(pump);
    closeShare(share);
    reader?.({ value: undefined, done: true });
    reader = null;
    onClose();
  }

  function ownEntry(frame: Frame, bytes: number): Entry {
    let message: string | null = null;
    const finish = (text: string) => {
      message = head + text;
      pump();
    };
    return {
      bytes,
      begin() {
        const text = answers().write(frame);
        if (text instanceof Promise) void text.then(finish);
        else finish(text);
      },
      message: () => message,
    };
  }

  return {
    push: (frame, bytes, goesOn = false) => ended || take(ownEntry(frame, bytes), goesOn),
    share(shared, standing, goesOn = false) {
      if (ended) return true;
      if (current === null && started && shared.text !== null && outlet.hasRoom) {
        outlet.write(nextMessage(head, shared.text, standing));
        return true;
      }
      return take(
        {
          bytes: shared.bytes,
          begin: () => shared.write(answers().writeShared, pump),
          message: () => shared.text && nextMessage(head, shared.text, standing),
        },
        goesOn,
      );
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
