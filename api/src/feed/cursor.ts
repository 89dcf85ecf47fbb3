import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { codedError } from '../errors.ts';
import { pack, type Unpacking, unpack } from './packed.ts';
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
  /** All this holds from here on: a place before it, or of another history, is another's. */
  readonly since: Omit<LogPosition, 'tag'>;
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

/**
 * The format of the bytes inside, which begin with it (up to version 4 they were JSON, and began with a bracket). A cursor of
 * another version is CURSOR_EXPIRED to whoever reads it.
 */
const cursorVersion = 5;
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

  function seal(purpose: string, payload: Buffer): string {
    return Buffer.concat([macOf(purpose, payload), payload]).toString('base64url');
  }
  function open(purpose: string, text: string): Unpacking {
    // However long: a message has its bound, and each running transaction of a start point makes a true cursor longer.
    const bytes = Buffer.from(text, 'base64url');
    const payload = bytes.subarray(macBytes);
    if (bytes.length <= macBytes || !timingSafeEqual(bytes.subarray(0, macBytes), macOf(purpose, payload)))
      throw invalid('This is no cursor of this server.');
    const packed = unpack(payload);
    if (packed.number() !== cursorVersion)
      throw codedError('CURSOR_EXPIRED', 'This cursor is of another version of the server. Subscribe again.');
    return packed;
  }
  function macOf(purpose: string, payload: Buffer): Buffer {
    return createHmac('sha256', key).update(purpose).update(payload).digest().subarray(0, macBytes);
  }

  const cursors = {
    /** The part that a whole group shares. */
    writePlace: (place: CursorPlace, group: string): string =>
      seal(purposeOfPlace(group, place.position), packPlace(place)),
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
      const standing = unpackStanding(open('standing ', standingText));
      const { since, group } = standing;
      const place = unpackPlace(open(purposeOfPlace(group, since), placeText), since);
      if (place.position.seq < since.seq) throw invalid('The parts of this cursor are of different frames.');
      return { ...place, ...standing };
    },
  };
  return cursors;
}
export type Cursors = ReturnType<typeof createCursors>;

function invalid(what: string) {
  return codedError('CURSOR_INVALID', `${what} Subscribe again without \`after\`.`);
}

type History = Pick<LogPosition, 'epoch' | 'epochId'>;

/** The code of a place covers what it has in common with its standing, and need not say again. */
function purposeOfPlace(group: string, { epoch, epochId }: History): string {
  return `place of ${group} in ${epoch} ${epochId} `;
}

function packPlace({ position, sentOfNext }: CursorPlace): Buffer {
  return pack().number(cursorVersion).number(position.seq).text(position.tag).number(sentOfNext).bytes();
}

function unpackPlace(packed: Unpacking, { epoch, epochId }: History): CursorPlace {
  return { position: { epoch, epochId, seq: packed.number(), tag: packed.text() }, sentOfNext: packed.number() };
}

function packStanding({ viewerId, question, authority, shapes, start, since, group }: CursorStanding): Buffer {
  const packed = pack().number(cursorVersion).text(viewerId).text(question).text(authority).text(shapes).text(group);
  packed.number(since.epoch).text(since.epochId).number(since.seq);
  if (start === null) packed.number(startKinds.none);
  else if (start === 'unfinished') packed.number(startKinds.unfinished);
  else
    packed
      .number(startKinds.begun)
      .text(start.snapshot)
      .text(start.incarnation)
      .number(start.epoch)
      .number(start.batch);
  return packed.bytes();
}

/** In the order in which it was packed, in which the properties are read. */
function unpackStanding(packed: Unpacking): CursorStanding {
  return {
    viewerId: packed.text(),
    question: packed.text(),
    authority: packed.text(),
    shapes: packed.text(),
    group: packed.text(),
    since: { epoch: packed.number(), epochId: packed.text(), seq: packed.number() },
    start: unpackStart(packed),
  };
}

const startKinds = { none: 0, unfinished: 1, begun: 2 } as const;

function unpackStart(packed: Unpacking): CursorStanding['start'] {
  const kind = packed.number();
  if (kind === startKinds.none) return null;
  if (kind === startKinds.unfinished) return 'unfinished';
  return {
    snapshot: packed.text(),
    incarnation: packed.text(),
    epoch: packed.number(),
    batch: packed.number(),
  };
}
