import type { Bounds } from '@sync-hub/stream/stream';
import type { Standing } from './relay-session.ts';

/** What the relay compares before it sends: the database and the stream must tell of one history. */
export interface Comparison {
  readonly standing: Standing;
  /** What the stream holds; null while it is empty. */
  readonly bounds: Bounds | null;
  /** The tag that the batches kept here give to the stream's newest `seq`; null when none of them holds it. */
  readonly ownTag: string | null;
  /** A batch that would have to be sent again and of which outbox rows are gone (deleted by hand); null when there is none. */
  readonly incompleteBatch: number | null;
}

/**
 * Why the log cannot go on as one history, or null when it can.
 *
 * Every reason is a case in which a reader would otherwise be given one `seq` with two contents, or miss one in silence:
 * the database was replaced or set back, or the stream was, or lost more than is kept here to be sent again.
 */
export function reasonForNewEpoch({ standing, bounds, ownTag, incompleteBatch }: Comparison): string | null {
  const { newest, server, epochServer } = standing;
  if (standing.epoch === 0) return 'it is the first';
  if (newest === null) return 'the batches are gone';
  if (standing.newEpochReason !== null) return standing.newEpochReason;
  if (server.systemIdentifier !== epochServer.systemIdentifier) {
    return `the database is of server ${server.systemIdentifier}, the epoch began on ${epochServer.systemIdentifier} (server/database/table)`;
  }
  if (server.timeline !== epochServer.timeline) {
    return `the server is on timeline ${server.timeline}, the epoch began on ${epochServer.timeline}`;
  }
  if (newest.isAhead) return `batch ${newest.batch} ends in the future of this database`;
  if (incompleteBatch !== null) return `outbox rows of batch ${incompleteBatch} are gone, which has to be sent again`;
  if (bounds === null) return null;

  const { epoch, seq } = bounds.newest;
  if (epoch > standing.epoch) return `the stream holds epoch ${epoch}, the database ${standing.epoch}`;
  if (epoch === standing.epoch) {
    const end = lastSeq(standing);
    if (seq > end) return `the stream goes on to seq ${seq}, the database to ${end}`;
    if (ownTag !== null && ownTag !== bounds.newestTag) {
      return `seq ${seq} has tag ${bounds.newestTag} on the stream, ${ownTag} in the database`;
    }
  }
  const missing = firstMissingSeq(standing, bounds);
  if (missing < newest.oldestSeq) {
    return `the stream has lost seq ${missing} and on, of which only ${newest.oldestSeq} and on are kept`;
  }
  return null;
}

/** The `seq` of the last record of the newest batch. A batch without rows is one heartbeat. */
export function lastSeq({ newest, epochFirstSeq }: Standing): number {
  return newest === null ? epochFirstSeq - 1 : newest.firstSeq + Math.max(newest.rows, 1) - 1;
}

/**
 * From where to send (again): everything the stream does not hold, and what it was not known to hold.
 *
 * An empty stream gets all that is kept. It may have lost more than that; but then it may also just have expired, and a
 * reader that missed something sees the jump in `seq`.
 */
export function resumeSeq(standing: Standing, bounds: Bounds | null): number {
  const { newest } = standing;
  if (newest === null) return standing.epochFirstSeq;
  if (bounds === null) return newest.oldestSeq;
  return Math.min(firstMissingSeq(standing, bounds), newest.sentSeq + 1);
}

function firstMissingSeq(standing: Standing, bounds: Bounds): number {
  return bounds.newest.epoch === standing.epoch ? bounds.newest.seq + 1 : standing.epochFirstSeq;
}
