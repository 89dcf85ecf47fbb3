import type { GraphQLError } from 'graphql';
import {
  type Backlog,
  closeShare,
  countIn,
  countOut,
  endShare,
  isFull,
  openShare,
  roomIn,
  type Share,
} from '../feed/backlog.ts';
import type { Frame } from '../feed/frame.ts';
import type { FrameEvent, FrameQueue, QueueOwner } from '../feed/frame-queue.ts';
import type { FrameText, SharedBundle, SharedFrame } from '../feed/shared-frame.ts';
import { sendLetter } from './form-letter.ts';
import type { EndOfQueue, EndReader, FrameAnswers } from './frame-answers.ts';
import type { Outlet } from './outlet.ts';
import { bytesOf } from './text-frame.ts';

interface Dependencies {
  /** Of the operation, as its client names it. */
  readonly id: string;
  readonly outlet: Outlet;
  readonly backlog: Backlog;
  readonly answers: Pick<FrameAnswers, 'write' | 'writeShared'>;
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
 * Shared frames whose text is there go out at once, when nothing of the subscription waits: no promise, nothing is kept. All
 * else waits its turn: its own frames until they are executed, and everything while the network takes nothing.
 *
 * @see docs/decisions/what-a-subscription-costs.md, on why this is a class
 */
export class Delivery implements FrameQueue, EndOfQueue {
  private readonly head: string;
  private readonly outlet: Outlet;
  private readonly answers: Dependencies['answers'];
  private readonly backlogShare: Share;
  private readonly owner: QueueOwner;
  /** Next to go out; the others are after it. */
  private current: Entry | null = null;
  private waiting: Entry[] | null = null;
  private reader: EndReader | null = null;
  /** graphql-ws knows the subscription, and its client may hear of it. */
  private started = false;
  private ended = false;
  private closed = false;
  private reason: GraphQLError | undefined;
  private isPumping = false;

  /** @throws TOO_MANY_SUBSCRIPTIONS */
  constructor({ id, outlet, backlog, answers }: Dependencies, owner: QueueOwner) {
    this.backlogShare = openShare(backlog);
    this.head = bytesOf(`{"id":${JSON.stringify(id)}`);
    this.outlet = outlet;
    outlet.subscriptions += 1;
    this.answers = answers;
    this.owner = owner;
  }

  push(own: Frame, bytes: number, goesOn = false): boolean {
    return this.ended || this.take({ own, shared: null, standing: '', bytes, message: null }, goesOn);
  }

  share(bundle: SharedBundle, standing: string): number {
    const { frames, isWritten } = bundle;
    if (this.ended) return frames.length;
    const { head, outlet } = this;
    if (isWritten && this.current === null && this.started && outlet.hasRoom()) {
      // What several of a socket are told in one turn is one write, too.
      if (outlet.subscriptions > 1 || !sendLetter(bundle, { head, standing, outlet }))
        for (const { text } of frames) outlet.write(nextMessage(head, text ?? [], standing));
      return frames.length;
    }
    let taken = 0;
    for (const shared of frames) {
      const entry = { own: null, shared, standing, bytes: shared.bytes, message: null };
      if (!this.take(entry, shared.goesOn)) break;
      taken += 1;
    }
    return taken;
  }

  execute(shared: SharedFrame, onText: () => void): boolean {
    shared.write(this.answers, onText);
    return true;
  }

  leaveGroup() {
    const { current } = this;
    this.waiting = this.waiting?.map(asOwn) ?? null;
    if (current === null) return;
    const own = asOwn(current);
    if (own !== current) this.begin(own);
  }

  dropUnexecuted() {
    const { current, waiting } = this;
    if (current === null) return;
    const after = isExecuted(current) ? (waiting ?? []).findIndex((entry) => !isExecuted(entry)) : 0;
    const dropped = after < 0 ? [] : (waiting?.splice(after) ?? []);
    for (const { bytes } of dropped) countOut(this.backlogShare, bytes);
    if (!isExecuted(current)) this.current = null;
  }

  room(): Promise<boolean> {
    return roomIn(this.backlogShare);
  }

  end(error?: GraphQLError) {
    if (this.ended) return;
    this.ended = true;
    this.reason = error;
    endShare(this.backlogShare);
    if (this.current !== null) return;
    if (error === undefined) this.close();
    else if (this.reader !== null) this.tellEnd(this.reader);
  }

  next(): Promise<IteratorResult<FrameEvent, undefined>> {
    return new Promise((resolve) => this.readEnd({ tell: resolve }));
  }
  readEnd(reader: EndReader) {
    this.started = true;
    if (this.closed) return reader.tell({ value: undefined, done: true });
    this.reader = reader;
    this.pump();
  }
  return(): Promise<IteratorResult<FrameEvent, undefined>> {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }
  [Symbol.asyncIterator]() {
    return this;
  }

  /** Sends what can be sent by now. */
  pump() {
    if (this.isPumping || !this.started) return;
    this.isPumping = true;
    while (this.current !== null) {
      const message = this.messageOf(this.current);
      if (message === null) break;
      if (!this.outlet.hasRoom()) {
        this.outlet.whenRoom(this);
        break;
      }
      this.release(this.current);
      this.outlet.write(message);
      const next = this.waiting?.shift();
      this.current = null;
      if (next === undefined) break;
      countOut(this.backlogShare, next.bytes);
      this.begin(next);
    }
    this.isPumping = false;
    if (this.current === null && this.ended && this.reader !== null) this.tellEnd(this.reader);
  }

  private take(entry: Entry, goesOn: boolean): boolean {
    if (this.current === null) {
      this.begin(entry);
      return true;
    }
    if (!goesOn && isFull(this.backlogShare, entry.bytes)) return false;
    countIn(this.backlogShare, entry.bytes);
    this.waiting ??= [];
    this.waiting.push(entry);
    // What it loads is under way while those before it are sent.
    entry.shared?.prepare(this.answers);
    return true;
  }

  /** It is the next: has it executed. */
  private begin(entry: Entry) {
    this.current = entry;
    if (entry.shared !== null) return entry.shared.write(this.answers, () => this.pump());
    if (entry.own === null) return;
    const text = this.answers.write(entry.own);
    if (text instanceof Promise) void text.then((written) => this.finish(entry, written));
    else this.finish(entry, text);
  }
  private finish(entry: Entry, text: string) {
    if (this.closed || this.current !== entry) return;
    entry.message = this.head + text;
    this.outlet.hold(entry.message.length);
    this.pump();
  }
  /** It is sent, or will not be. */
  private release({ message }: Entry) {
    if (message !== null) this.outlet.hold(-message.length);
  }
  private messageOf({ shared, standing, message }: Entry): string | null {
    if (shared === null) return message;
    return shared.text && nextMessage(this.head, shared.text, standing);
  }

  private tellEnd(reader: EndReader) {
    this.reader = null;
    const error = this.reason;
    this.reason = undefined;
    if (error !== undefined) return reader.tell({ value: { error }, done: false });
    this.close();
    reader.tell({ value: undefined, done: true });
  }

  private close() {
    if (this.closed) return;
    this.closed = true;
    this.ended = true;
    if (this.current !== null) this.release(this.current);
    this.current = null;
    this.waiting = null;
    this.outlet.forget(this);
    this.outlet.subscriptions -= 1;
    closeShare(this.backlogShare);
    this.reader?.tell({ value: undefined, done: true });
    this.reader = null;
    this.owner.end();
  }
}

function isExecuted({ shared, message }: Entry): boolean {
  return (shared === null ? message : shared.text) !== null;
}

/** The same for this subscription alone, unless it has been executed for all. */
function asOwn(entry: Entry): Entry {
  const { shared, standing } = entry;
  return shared === null || shared.text !== null ? entry : { ...entry, own: shared.frameOf(standing), shared: null };
}

/** @param text  in whose gaps the subscription's part of the cursor comes. */
function nextMessage(head: string, text: FrameText, standing: string): string {
  let message = head + text[0];
  for (let index = 1; index < text.length; index += 1) message += standing + text[index];
  return message;
}
