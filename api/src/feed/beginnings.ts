import { asCodedError, isCoded } from '../errors.ts';
import { type Follow, needsPeers } from './follow-request.ts';
import type { SharedSnapshots } from './shared-snapshots.ts';
import type { Snapshot } from './snapshots.ts';
import type { StartPoint, StartPoints } from './start-point.ts';
import { untilAnswered } from './until-answered.ts';
import { whyEnded } from './why-ended.ts';

export interface BeginningsDependencies {
  readonly request: Follow;
  readonly startPoints: StartPoints;
  readonly snapshots: SharedSnapshots;
}

/** What a subscription begins with: a start point alone, or with all its rows. Only for a session that lives. */
export function createBeginnings({ request, startPoints, snapshots }: BeginningsDependencies) {
  const { viewerId, sessionId } = request;
  const asked = { viewerId, sessionId, needsPeers: needsPeers(request) };

  function requireSession({ authority }: StartPoint) {
    if (!authority.liveSessionIds.includes(sessionId)) throw whyEnded.sessionEnded();
  }

  async function rows(signal: AbortSignal): Promise<Snapshot> {
    const snapshot = await snapshots.read(request, signal);
    try {
      requireSession(snapshot.start);
      signal.throwIfAborted();
    } catch (error) {
      snapshot.rows.release();
      throw error;
    }
    return snapshot;
  }

  return {
    /** @throws UNAVAILABLE, SESSION_REVOKED */
    async point(): Promise<StartPoint> {
      const point = await startPoints.take(asked);
      requireSession(point);
      return point;
    },
    /** @throws UNAVAILABLE, SESSION_REVOKED */
    rows,
    /** The same, asked for until Postgres answers; `onFailure` hears of each time that it does not. @throws SESSION_REVOKED */
    rowsAtLast(signal: AbortSignal, onFailure: () => void): Promise<Snapshot> {
      return untilAnswered(() => rows(signal), {
        signal,
        onFailure(error) {
          if (!isCoded(asCodedError(error), 'UNAVAILABLE')) throw error;
          onFailure();
        },
      });
    },
  };
}
