import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { codedError } from '../errors.ts';
import type { LogPosition } from './transaction.ts';

/** How far a client has been told. The same for all of a group, who are told it together. */
export interface CursorPlace {
  /** The last transaction of which everything has been sent. */
  readonly position: LogPosition;
  /** How many changes of the transaction after `position` have been sent too, when that was cut into frames. */
  readonly sentOfNext: number;
}

/** What has to hold for one subscription to be continued exactly from a place. It changes seldom. */
export interface CursorStanding {
  readonly viewerId: string;
  /** Hash of what was asked: field, arguments without `after`, selection, the shape of the model. */
  readonly question: string;
  /** Hash of the viewer's authority. */
  readonly authority: string;
  /** Fingerprint of the tables' columns. */
  readonly shapes: string;
  /** Until the log has passed it, where the subscription began; `unfinished` in the middle of a snapshot. */
  readonly start: CursorStart | 'unfinished' | null;
  /** All this holds from here on: a place before it is another's. */
  readonly since: LogPosition;
  /** Of whom it can have its places: see {@link groupOf}. */
  readonly group: string;
}

export interface CursorContents extends CursorPlace, CursorStanding {}

/** What of a start point a subscription needs to go on from it. */
export interface CursorStart {
  readonly snapshot: string;
  readonly incarnation: string;
  readonly epoch: number;
  readonly batch: number;
}

/** The format of the text inside. A cursor of another version is CURSOR_EXPIRED to whoever reads it. */
const cursorVersion = 4;
const macBytes = 16;
const separator = '.';

/**
 * Cursors that clients cannot make or change, and need not read: URL-safe text, authenticated with a key of its own derived from
 * `secret`. Every instance with the same secret reads them.
 *
 * A cursor is two texts, so that a frame for a thousand subscriptions costs one hash: its place, which they share, and each
 * one's standing, which stays as it is while its viewer's authority does. Put together otherwise than they were made they are
 * CURSOR_INVALID, or give nobody what somebody of the same group has not had.
 *
 * @see docs/decisions/cursors-in-two-parts.md
 */
export function createCursors(secret: string) {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'real-time-sync-hub cursor', 32));

  function seal(purpose: string, packed: readonly unknown[]): string {
    const payload = Buffer.from(JSON.stringify(packed));
    return Buffer.concat([macOf(purpose, payload), payload]).toString('base64url');
  }
  function open(purpose: string, text: string): readonly unknown[] {
    // However long: a message has its bound, and each running transaction of a start point makes a true cursor longer.
    const bytes = Buffer.from(text, 'base64url');
    const payload = bytes.subarray(macBytes);
    if (bytes.length <= macBytes || !timingSafeEqual(bytes.subarray(0, macBytes), macOf(purpose, payload)))
      throw invalid('This is no cursor of this server.');
    const packed = JSON.parse(payload.toString()) as readonly unknown[];
    if (packed[0] !== cursorVersion)
      throw codedError('CURSOR_EXPIRED', 'This cursor is of another version of the server. Subscribe again.');
    return packed;
  }
  function macOf(purpose: string, payload: Buffer): Buffer {
    return createHmac('sha256', key).update(purpose).update(payload).digest().subarray(0, macBytes);
  }

  const cursors = {
    /** The part that a whole group shares. */
    writePlace: (place: CursorPlace, group: string): string => seal(`place of ${group} `, packPlace(place)),
    /** The part that is one subscription's own. */
    writeStanding: (standing: CursorStanding): string => seal('standing ', packStanding(standing)),
    join: (place: string, standing: string): string => `${place}${separator}${standing}`,
    write: (contents: CursorContents): string =>
      cursors.join(cursors.writePlace(contents, contents.group), cursors.writeStanding(contents)),
    /** @throws CURSOR_INVALID for what this hub did not make, CURSOR_EXPIRED for what an older version of it made. */
    read(cursor: string): CursorContents {
      const [placeText = '', standingText, ...more] = cursor.split(separator);
      // Up to version 3 a cursor was one text, of no purpose.
      if (standingText === undefined) open('', placeText);
      if (standingText === undefined || more.length > 0) throw invalid('This is no cursor of this server.');
      const standing = unpackStanding(open('standing ', standingText) as PackedStanding);
      const place = unpackPlace(open(`place of ${standing.group} `, placeText) as PackedPlace);
      if (!isFrom(standing.since, place.position)) throw invalid('The parts of this cursor are of different frames.');
      return { ...place, ...standing };
    },
  };
  return cursors;
}
export type Cursors = ReturnType<typeof createCursors>;

function invalid(what: string) {
  return codedError('CURSOR_INVALID', `${what} Subscribe again without \`after\`.`);
}

function isFrom(since: LogPosition, { epoch, epochId, seq }: LogPosition): boolean {
  return epoch === since.epoch && epochId === since.epochId && seq >= since.seq;
}

/** Every frame carries them: values without their names. */
type PackedPlace = ReturnType<typeof packPlace>;
type PackedStanding = ReturnType<typeof packStanding>;

function packPlace({ position, sentOfNext }: CursorPlace) {
  return [cursorVersion, ...packPosition(position), sentOfNext] as const;
}

function unpackPlace([, epoch, epochId, seq, tag, sentOfNext]: PackedPlace): CursorPlace {
  return { position: { epoch, epochId, seq, tag }, sentOfNext };
}

function packStanding({ viewerId, question, authority, shapes, start, since, group }: CursorStanding) {
  return [cursorVersion, viewerId, question, authority, shapes, packStart(start), packPosition(since), group] as const;
}

function unpackStanding([
  ,
  viewerId,
  question,
  authority,
  shapes,
  start,
  since,
  group,
]: PackedStanding): CursorStanding {
  const [epoch, epochId, seq, tag] = since;
  return {
    viewerId,
    question,
    authority,
    shapes,
    start: unpackStart(start),
    since: { epoch, epochId, seq, tag },
    group,
  };
}

function packPosition({ epoch, epochId, seq, tag }: LogPosition) {
  return [epoch, epochId, seq, tag] as const;
}

function packStart(start: CursorStanding['start']) {
  if (start === null || start === 'unfinished') return start;
  return [start.snapshot, start.incarnation, start.epoch, start.batch] as const;
}

function unpackStart(start: PackedStanding[5]): CursorStanding['start'] {
  if (start === null || start === 'unfinished') return start;
  const [snapshot, incarnation, epoch, batch] = start;
  return { snapshot, incarnation, epoch, batch };
}
