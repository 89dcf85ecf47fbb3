import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { TurnEnd } from '../turn-end.ts';
import { textFrameHeader } from './text-frame.ts';

/** What is written to one socket, besides what graphql-ws sends. */
export interface Outlet {
  /** Whether the network takes what is written; if not, it is better kept where others share it. */
  readonly hasRoom: boolean;
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

/**
 * Writes WebSocket frames straight to the connection, all of one turn in one system call. `ws` would write two parts for each
 * message and make a buffer of it: `npm run bench -- --only fan-out` shows both.
 *
 * `ws` writes its own frames to the same connection, whole and at once (nothing is compressed here), so the two never mix.
 */
export function createOutlet({ webSocket, socket, atTurnEnd, cut, maxUnreadBytes }: Dependencies): Outlet {
  let pending = '';
  /** Writes that the network has not taken yet. */
  let unread = 0;
  let held = 0;
  const waiting = new Set<Pump>();

  function onWritten() {
    unread -= 1;
    if (waiting.size > 0 && hasRoom()) wake();
  }
  /** Whoever still waits afterwards is behind those who had no turn yet. */
  function wake() {
    for (const one of waiting) {
      if (!hasRoom()) return;
      waiting.delete(one);
      one.pump();
    }
  }
  function hasRoom(): boolean {
    return pending.length < batchBytes && (unread === 0 || socket.writableLength === 0);
  }
  function flush() {
    if (pending === '') return;
    const bytes = pending;
    pending = '';
    // Nothing follows a close frame.
    if (webSocket.readyState !== webSocket.OPEN) return;
    unread += 1;
    socket.write(bytes, 'latin1', onWritten);
    cutIfTooMuch();
  }
  function writeFramed(bytes: Buffer): boolean {
    flush();
    if (webSocket.readyState !== webSocket.OPEN) return true;
    unread += 1;
    socket.write(bytes, onWritten);
    if (socket.writableLength === 0) return true;
    cutIfTooMuch();
    return false;
  }
  function cutIfTooMuch() {
    if (socket.writableLength + held > maxUnreadBytes) cut();
  }

  return {
    get hasRoom() {
      return hasRoom();
    },
    whenRoom: (one) => void waiting.add(one),
    forget: (one) => void waiting.delete(one),
    write(message) {
      if (pending === '') atTurnEnd(flush);
      pending += headerOf(message.length) + message;
      if (pending.length >= batchBytes) flush();
    },
    writeFramed,
    hold(bytes) {
      held += bytes;
      if (bytes > 0) cutIfTooMuch();
    },
    flush,
  };
}

/** Members of a group are sent messages of one length, mostly. */
let known = { length: 0, header: textFrameHeader(0) };
function headerOf(length: number): string {
  if (known.length !== length) known = { length, header: textFrameHeader(length) };
  return known.header;
}
