import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { codedError } from '../errors.ts';
import type { LogPosition } from './transaction.ts';

/** Everything that has to hold for a subscription to be continued exactly. */
export interface CursorContents {
  /** The last transaction of which everything has been sent. */
  readonly position: LogPosition;
  /** How many changes of the transaction after `position` have been sent too, when that was cut into frames. */
  readonly sentOfNext: number;
  /** Until the log has passed it, where the subscription began; `unfinished` in the middle of a snapshot. */
  readonly start: CursorStart | 'unfinished' | null;
  /** Hash of the viewer's authority. */
  readonly authority: string;
  readonly viewerId: string;
  /** Hash of what was asked: field, arguments without `after`, selection, the shape of the model. */
  readonly question: string;
  /** Fingerprint of the tables' columns. */
  readonly shapes: string;
}

/** What of a start point a subscription needs to go on from it. */
export interface CursorStart {
  readonly snapshot: string;
  readonly incarnation: string;
  readonly epoch: number;
  readonly batch: number;
}

/** The format of the text inside. A cursor of another version is CURSOR_EXPIRED to whoever reads it. */
const cursorVersion = 3;
const macBytes = 16;

/**
 * Cursors that clients cannot make or change, and need not read: URL-safe text, authenticated with a key of its own derived from
 * `secret`. Every instance with the same secret reads them.
 */
export function createCursors(secret: string) {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'real-time-sync-hub cursor', 32));
  const macOf = (payload: Buffer) => createHmac('sha256', key).update(payload).digest().subarray(0, macBytes);

  return {
    write(contents: CursorContents): string {
      const payload = Buffer.from(JSON.stringify(pack(contents)));
      return Buffer.concat([macOf(payload), payload]).toString('base64url');
    },
    /** @throws CURSOR_INVALID for what this hub did not make, CURSOR_EXPIRED for what an older version of it made. */
    read(cursor: string): CursorContents {
      // However long: a message has its bound, and each running transaction of a start point makes a true cursor longer.
      const bytes = Buffer.from(cursor, 'base64url');
      const payload = bytes.subarray(macBytes);
      if (bytes.length <= macBytes || !timingSafeEqual(bytes.subarray(0, macBytes), macOf(payload)))
        throw codedError('CURSOR_INVALID', 'This is no cursor of this server. Subscribe again without `after`.');
      const packed = JSON.parse(payload.toString()) as Packed;
      if (packed[0] !== cursorVersion)
        throw codedError('CURSOR_EXPIRED', 'This cursor is of another version of the server. Subscribe again.');
      return unpack(packed);
    },
  };
}
export type Cursors = ReturnType<typeof createCursors>;

/** Every frame carries one: values without their names. */
type Packed = ReturnType<typeof pack>;

function pack({ position, sentOfNext, start, authority, viewerId, question, shapes }: CursorContents) {
  const { epoch, epochId, seq, tag } = position;
  const place = [epoch, epochId, seq, tag, sentOfNext] as const;
  return [cursorVersion, ...place, packStart(start), authority, viewerId, question, shapes] as const;
}

function packStart(start: CursorContents['start']) {
  if (start === null || start === 'unfinished') return start;
  return [start.snapshot, start.incarnation, start.epoch, start.batch] as const;
}

function unpack(packed: Packed): CursorContents {
  const [, epoch, epochId, seq, tag, sentOfNext, start, authority, viewerId, question, shapes] = packed;
  return {
    position: { epoch, epochId, seq, tag },
    sentOfNext,
    start: unpackStart(start),
    authority,
    viewerId,
    question,
    shapes,
  };
}

function unpackStart(start: Packed[6]): CursorContents['start'] {
  if (start === null || start === 'unfinished') return start;
  const [snapshot, incarnation, epoch, batch] = start;
  return { snapshot, incarnation, epoch, batch };
}
