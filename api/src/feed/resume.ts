import { createDirectory } from '../authority/directory.ts';
import { codedError, isCoded } from '../errors.ts';
import type { CursorContents, Cursors } from './cursor.ts';
import { type Follow, needsPeers } from './follow-request.ts';
import { parseSnapshot } from './snapshot.ts';
import type { StartPoint } from './start-point.ts';
import type { Loss } from './why-ended.ts';

/**
 * Reads the cursor to go on from; null when it is of somebody who may, but cannot be continued exactly: another question, or of
 * an older version of the server, or from the middle of a snapshot.
 *
 * @throws CURSOR_INVALID for what this server did not make, or made for another viewer.
 */
export function readPlace(cursors: Cursors, request: Follow, after: string): CursorContents | null {
  let contents: CursorContents;
  try {
    contents = cursors.read(after);
  } catch (error) {
    if (isCoded(error, 'CURSOR_EXPIRED')) return null;
    throw error;
  }
  if (contents.viewerId !== request.viewerId)
    throw codedError('CURSOR_INVALID', 'This cursor is of another user. Subscribe again without `after`.');
  return contents.question === request.question && contents.start !== 'unfinished' ? contents : null;
}

/** Null when what the viewer may see, and how the tables look, is now what it was when the cursor was written. */
export function lostSince(contents: CursorContents, request: Follow, now: StartPoint): Loss | null {
  const fingerprint = createDirectory(now.authority).fingerprintOf(request.viewerId, needsPeers(request));
  if (contents.authority !== fingerprint) return 'authority';
  return contents.shapes === now.shapes ? null : 'shape';
}

/** The start point whose snapshot the subscription was still being compared with; null when it was past that. */
export function startOf(contents: CursorContents, now: StartPoint): StartPoint | null {
  const { start } = contents;
  if (start === null || start === 'unfinished') return null;
  return { ...now, ...start, snapshot: parseSnapshot(start.snapshot) };
}
