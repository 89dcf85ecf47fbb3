import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { TurnEnd } from '../turn-end.ts';
import { textFrameHeader } from './text-frame.ts';

/** What is written to one socket, besides what graphql-ws sends. */
export interface Outlet {
  /** How many subscriptions of the socket write to it. */
  subscriptions: number;
  /** Whether the network takes what is written; if not, it is better kept where others share it. */
  hasRoom(): boolean;
  /** Has it pump once, when there is room again. Whoever asked first comes first. */
  whenRoom(waiting: Pump): void;
  forget(waiting: Pump): void;
  /** Sends a message, with all others of this turn of the event loop. @param message  its bytes: see {@link bytesOf}. */
  write(message: string): void;
  /**
   * Sends messages at once, after those of `write`, as they go over the wire.
   *
   * @returns whether the network has taken all of it, so that the bytes may be others.
   */
  writeFramed(bytes: Buffer): boolean;
  /** So many bytes more wait elsewhere for room, for this socket alone: they count as unread. Less, when they are negative. */
  hold(bytes: number): void;
  /** Sends what was written in this turn. Call before anything else is sent. */
  flush(): void;
}

export interface Pump {
  pump(): void;
}

interface Dependencies {
  readonly webSocket: Pick<WebSocket, 'readyState' | 'OPEN'>;
  /** The connection beneath it. */
  readonly socket: Duplex;
  readonly atTurnEnd: TurnEnd;
  /** The client has stopped reading, and would not hear a close either. */
  readonly cut: () => void;
  /** Bytes that were sent and not read, or wait for room; over it the socket is cut. */
  readonly maxUnreadBytes: number;
}

/** So much is handed to the network at a time: a few of its own buffers. */
const batchBytes = 64 * 2 ** 10;
const nothing = Buffer.alloc(0);

/**
 * Writes WebSocket frames straight to the connection, all of one turn in one system call. `ws` would write two parts for each
 * message and make a buffer of it: `npm run bench -- --only fan-out` shows both.
 *
 * `ws` writes its own frames to the same connection, whole and at once (nothing is compressed here), so the two never mix.
 *
 * @see docs/decisions/what-a-subscription-costs.md, on why this is a class
 */
export class SocketOutlet implements Outlet {
  subscriptions = 0;
  private pending = '';
  private held = 0;
  private readonly webSocket: Dependencies['webSocket'];
  private readonly socket: Duplex;
  private readonly atTurnEnd: TurnEnd;
  private readonly cut: () => void;
  private readonly maxUnreadBytes: number;
  /** Null until somebody has waited: most sockets take whatever they are told. */
  private waiting: Set<Pump> | null = null;
  private isAsking = false;

  constructor({ webSocket, socket, atTurnEnd, cut, maxUnreadBytes }: Dependencies) {
    this.webSocket = webSocket;
    this.socket = socket;
    this.atTurnEnd = atTurnEnd;
    this.cut = cut;
    this.maxUnreadBytes = maxUnreadBytes;
  }

  hasRoom(): boolean {
    return this.socket.writableLength === 0;
  }
  whenRoom(one: Pump) {
    this.waiting ??= new Set();
    this.waiting.add(one);
    this.askForRoom();
  }
  forget(one: Pump) {
    this.waiting?.delete(one);
  }
  /** Nothing, behind all that was written: it is taken when that is. So no other write has to say that it was taken. */
  private askForRoom() {
    if (this.isAsking || this.isClosing()) return;
    this.isAsking = true;
    this.socket.write(nothing, () => {
      this.isAsking = false;
      this.wake();
    });
  }
  /** Whoever still waits afterwards is behind those who had no turn yet. */
  private wake() {
    for (const one of this.waiting ?? []) {
      if (!this.hasRoom()) return this.askForRoom();
      this.waiting?.delete(one);
      one.pump();
    }
  }

  write(message: string) {
    if (this.pending === '') this.atTurnEnd(() => this.flush());
    this.pending += headerOf(message.length) + message;
    if (this.pending.length >= batchBytes) this.flush();
  }
  writeFramed(bytes: Buffer): boolean {
    if (this.pending !== '') this.flush();
    if (this.isClosing()) return true;
    this.socket.write(bytes);
    if (this.socket.writableLength === 0) return true;
    this.cutIfTooMuch();
    return false;
  }
  flush() {
    if (this.pending === '') return;
    const bytes = this.pending;
    this.pending = '';
    if (this.isClosing()) return;
    this.socket.write(bytes, 'latin1');
    this.cutIfTooMuch();
  }
  hold(bytes: number) {
    this.held += bytes;
    if (bytes > 0) this.cutIfTooMuch();
  }

  /** Nothing follows a close frame. */
  private isClosing(): boolean {
    return this.webSocket.readyState !== this.webSocket.OPEN;
  }
  private cutIfTooMuch() {
    if (this.socket.writableLength + this.held > this.maxUnreadBytes) this.cut();
  }
}

/** Members of a group are sent messages of one length, mostly. */
let known = { length: 0, header: textFrameHeader(0) };
function headerOf(length: number): string {
  if (known.length !== length) known = { length, header: textFrameHeader(length) };
  return known.header;
}
