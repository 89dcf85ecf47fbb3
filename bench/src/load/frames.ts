/** What a WebSocket server may send that concerns a client that only counts. */
export interface FrameSink {
  /** A text message: the bytes from `start` to `end`, good until it returns. */
  text(bytes: Buffer, start: number, end: number): void;
  ping(payload: Buffer): void;
  close(code: number): void;
}

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
/** RFC 6455, section 7.4.1: a close frame without a code. */
const NO_STATUS = 1005;

/**
 * Walks over what a server sends from header to header, and looks at nothing else: a client that is to count 100,000
 * messages a second beside the server it counts for has some two microseconds for each.
 *
 * @returns takes what was read from the socket, piece by piece.
 * @throws RangeError for what our servers never send: a message in fragments.
 * @see RFC 6455, section 5.2
 */
export function createFrameReader(sink: FrameSink): (chunk: Buffer) => void {
  let rest: Buffer | null = null;

  return (chunk) => {
    const bytes: Buffer = rest === null ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (let frame = frameAt(bytes, at); frame !== null; frame = frameAt(bytes, at)) {
      at = frame.end;
      take(bytes, frame, sink);
    }
    // A copy: the chunk's memory is the next read's, too.
    rest = at === bytes.length ? null : Buffer.from(bytes.subarray(at));
  };
}

interface Frame {
  readonly opcode: number;
  readonly start: number;
  readonly end: number;
}

/** Null when it has not come whole. A server's frames are not masked. */
function frameAt(bytes: Buffer, at: number): Frame | null {
  if (bytes.length < at + 2) return null;
  const first = bytes[at] ?? 0;
  if ((first & 0x80) === 0) throw new RangeError('a message in fragments');
  let length = (bytes[at + 1] ?? 0) & 0x7f;
  let start = at + 2;
  if (length === 126) {
    if (bytes.length < at + 4) return null;
    length = bytes.readUInt16BE(at + 2);
    start = at + 4;
  } else if (length === 127) {
    if (bytes.length < at + 10) return null;
    length = Number(bytes.readBigUInt64BE(at + 2));
    start = at + 10;
  }
  const end = start + length;
  return bytes.length < end ? null : { opcode: first & 0x0f, start, end };
}

function take(bytes: Buffer, { opcode, start, end }: Frame, sink: FrameSink): void {
  if (opcode === TEXT) sink.text(bytes, start, end);
  else if (opcode === PING) sink.ping(Buffer.from(bytes.subarray(start, end)));
  else if (opcode === CLOSE) sink.close(end - start >= 2 ? bytes.readUInt16BE(start) : NO_STATUS);
}

/** A client's frame, whole. The mask that RFC 6455 demands is zero: loopback has no proxy that could be deceived. */
export function clientFrame(opcode: 'text' | 'pong', payload: Buffer): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 6 : 8);
  header[0] = 0x80 | (opcode === 'text' ? TEXT : 10);
  if (length < 126) header[1] = 0x80 | length;
  else if (length < 65_536) {
    header[1] = 0x80 | 126;
    header.writeUInt16BE(length, 2);
  } else throw new RangeError('a message that long is never sent');
  return Buffer.concat([header, payload]);
}
