import type { ChangeRecord } from '@sync-hub/stream/change-record';
import { comparePositions } from '@sync-hub/stream/sequence';
import type { Position, Reader, Stream } from '@sync-hub/stream/stream';
import { directoryTables, endedSessions } from '../authority/directory.ts';
import type { Entrance } from '../entrance.ts';
import { codedError } from '../errors.ts';
import { createAudience } from './audience.ts';
import { createCrowdBell } from './bell.ts';
import { createClaimResolver, type ReadClaimed } from './claimed-row.ts';
import type { Cursors } from './cursor.ts';
import { type Everybody, loadEverybody } from './everybody.ts';
import { createFeedCounters } from './feed-counters.ts';
import type { FeedLog } from './feed-log.ts';
import type { FollowRequest } from './follow-request.ts';
import { Follower } from './follower.ts';
import type { FrameBounds } from './frame.ts';
import type { FrameQueue, OpenQueue } from './frame-queue.ts';
import { createFrameWriter } from './frame-writer.ts';
import { readHistory } from './history.ts';
import type { LogView } from './log-view.ts';
import { createRing } from './ring.ts';
import { createSharedReplays, type ReplaySettings } from './shared-replays.ts';
import { createSharedSnapshots } from './shared-snapshots.ts';
import type { Snapshots } from './snapshots.ts';
import type { StartPoints } from './start-point.ts';
import { createTransactionAssembler, type LogPosition, type LogTransaction } from './transaction.ts';
import { createUnreached } from './unreached.ts';
import { untilAnswered } from './until-answered.ts';
import { type Loss, whyEnded } from './why-ended.ts';

interface Dependencies {
  readonly stream: Stream;
  readonly startPoints: StartPoints;
  readonly snapshots: Pick<Snapshots, 'read'>;
  readonly entrance: Entrance;
  readonly cursors: Cursors;
  /** The rows of a change that was too large for the stream. */
  readonly readClaimed: ReadClaimed;
  /** The column that names the workspace of a table's rows; null where they belong to none. */
  readonly workspaceColumn: (table: string) => string | null;
  /** Called for each session that the log says has ended. */
  readonly onSessionEnded: (sessionId: string) => void;
  readonly settings: {
    readonly frame: FrameBounds;
    /** What of one transaction is held, roughly; what a larger one changed is unknowable. */
    readonly maxTransactionBytes: number;
    readonly ring: { readonly maxBytes: number; readonly maxAgeMs: number };
    /** Of what memory has let go. */
    readonly replays: ReplaySettings;
    readonly progressMs: number;
    /** A log that brings nothing for so long, not even a heartbeat, is stalled. */
    readonly stalledMs: number;
    /** A tail that the log has lost is sent again within this time, if the relay has kept it. */
    readonly lostTailMs: number;
  };
  readonly log: FeedLog;
}

/** Of the newest, read at the start to fill the ring with what clients may have missed meanwhile. */
const backfillRecords = 10_000;

/**
 * Reads the log once for the whole process, keeps the newest of it in memory and the directory of everybody at its position,
 * and shows each live follower the transactions that may concern it, one after the other, in order.
 *
 * When the log cannot be continued exactly (a gap, another epoch) the feed meets it anew, and every follower with it:
 * rows are read again, changes end with CURSOR_EXPIRED. Never a silent gap.
 */
export function createFeed(dependencies: Dependencies) {
  const { stream, startPoints, snapshots, entrance, cursors, onSessionEnded, settings, log } = dependencies;
  const counters = createFeedCounters();
  const closing = new AbortController();
  const resolveClaim = createClaimResolver(dependencies.readClaimed, log, closing.signal);
  const createAssembler = () =>
    createTransactionAssembler({
      resolveClaim,
      maxBytes: settings.maxTransactionBytes,
      kept: directoryTables,
      workspaceColumn: dependencies.workspaceColumn,
    });
  const assembler = createAssembler();
  const ring = createRing(settings.ring);
  const replay = createSharedReplays({ stream, createAssembler }, settings.replays);

  /** Null until the log was met. */
  let met: { everybody: Everybody; position: LogPosition } | null = null;
  /** What was on the stream at the start has to be read before anybody is served. */
  let readyAt: Position | null = null;
  let epoch: number | null = null;
  /** The relay's, when it was asked last: the log may still bring what was before. */
  let oldestEpoch = 0;
  let lastRecordAt = Date.now();
  let reader: Reader | null = null;
  let ticker: NodeJS.Timeout | null = null;
  const moves = createCrowdBell();
  const unreached = createUnreached({ stream, ring, onLost: moves.ring, log, patienceMs: settings.lostTailMs });

  const logView: LogView = {
    position: () => met?.position ?? null,
    after: (place) => (met === null ? 'ahead' : unreached.after(place)),
    leave: unreached.leave,
    since: (place, signal) => readHistory({ ring, replay, entrance }, place, signal),
    moves,
    isStalled: () => isStalled(Date.now()),
    everybody: () => (met?.everybody.isSettled ? met.everybody.directory : null),
    membersAt(workspaceId, place) {
      const later = ring.allAfter(place);
      return later && (logView.everybody()?.membersOf(workspaceId, later) ?? null);
    },
  };

  const audience = createAudience({ cursors, bounds: settings.frame, everybody: logView.everybody });
  const { followers } = audience;

  async function takeRecord(record: ChangeRecord): Promise<void> {
    lastRecordAt = Date.now();
    try {
      if (epoch !== null && record.epoch !== epoch)
        meetAnew(`epoch ${record.epoch} follows epoch ${epoch}`, record.epoch);
      epoch = record.epoch;
      const transaction = await assembler.add(record);
      if (transaction !== null) await takeTransaction(transaction);
    } catch (error) {
      if (closing.signal.aborted) return;
      // A record that we cannot make sense of is a gap like any other: said to everyone, never passed over.
      log.error({ err: error, seq: record.seq }, 'a record of the log could not be applied');
      meetAnew('a record could not be applied');
    }
  }

  async function takeTransaction(transaction: LogTransaction): Promise<void> {
    if (met === null) return meet(transaction);
    // The server has crashed since everybody was read. Nobody shares the directory before it is settled.
    if (met.everybody.judge(transaction) === 'unknowable') met.everybody = await readEverybody();
    const { everybody } = met;
    const isNew = everybody.judge(transaction) === 'new';
    if (isNew && directoryTables.some((table) => transaction.unknowable.has(table)))
      return meetAnew(`a change of ${[...transaction.unknowable.keys()].join(', ')} cannot be known`);
    counters.transactions += 1;

    audience.tell(transaction, { previous: met.position, isNewest: !isStalled(Date.now()) }, () => {
      if (isNew) everybody.directory.apply(transaction);
      ring.add(transaction);
      if (met !== null) met.position = transaction.position;
    });
    for (const sessionId of endedSessions(transaction)) endSession(sessionId);
    moves.ring();
  }

  /** The first whole transaction: everybody is read, in a snapshot later than it. */
  async function meet({ position }: LogTransaction): Promise<void> {
    if (position.epoch < oldestEpoch) return;
    const everybody = await readEverybody();
    oldestEpoch = everybody.start.epoch;
    if (position.epoch !== oldestEpoch) return;
    met = { everybody, position };
    ring.begin(position);
    log.info({ seq: position.seq, members: everybody.start.authority.members.length }, 'the feed has met the log');
    moves.ring();
  }

  const readEverybody = () => untilAnswered(() => loadEverybody(startPoints), { signal: closing.signal });

  /** @param next  the epoch that follows, if it is another one. */
  function meetAnew(reason: string, next: number | null = null) {
    assembler.restart();
    oldestEpoch = 0;
    if (met === null) return;
    counters.resyncs += 1;
    log.warn({ reason, subscriptions: followers.size }, 'the log cannot be continued: rows are read anew, changes end');
    met = null;
    for (const follower of followers.all()) follower.meetAnew(next);
    moves.ring();
  }

  const following = {
    log: logView,
    startPoints,
    snapshots: createSharedSnapshots({ snapshots, log: logView, entrance, counters }),
    cursors,
    frames: createFrameWriter({ cursors, bounds: settings.frame, maxRecentBytes: settings.replays.maxBytes }),
    onLive: audience.setLive,
    onLoss({ request: { viewerId } }: Follower, loss: Loss) {
      counters.losses[loss] += 1;
      log.debug({ loss, viewerId }, 'a subscription cannot be continued');
    },
    onEnd: followers.remove,
  };

  /** Tells every subscriber to come back. */
  function endAll() {
    for (const follower of followers.all()) follower.end(whyEnded.goingAway());
  }

  function endSession(sessionId: string) {
    onSessionEnded(sessionId);
    for (const follower of followers.ofSession(sessionId)) follower.end(whyEnded.sessionEnded());
  }

  function tick() {
    const now = Date.now();
    const beat = { now, quietSince: now - settings.progressMs, isStalled: isStalled(now) };
    for (const follower of followers.all()) follower.tick(beat);
    following.frames.recent.age();
    void unreached.look();
  }

  const isStalled = (now: number) => now - lastRecordAt > settings.stalledMs;

  function isReady(): boolean {
    if (met !== null && readyAt !== null && comparePositions(met.position, readyAt) >= 0) readyAt = null;
    return met !== null && readyAt === null;
  }

  return {
    counters,
    ring,
    get subscriptions() {
      return followers.size;
    },
    /** In how many groups those are that are live. */
    get groups() {
      return audience.groups;
    },
    get position() {
      return met?.position ?? null;
    },
    get isReady() {
      return isReady();
    },
    get isStalled() {
      return isStalled(Date.now());
    },
    /** Reads from some way back, so that whoever was connected to another process finds what it missed. */
    async start() {
      const bounds = await stream.bounds();
      readyAt = bounds?.newest ?? null;
      const begin = readyAt && { ...readyAt, seq: Math.max(0, readyAt.seq - backfillRecords) };
      reader = await stream.read(begin ?? 'earliest', {
        record: takeRecord,
        gap({ after, next }) {
          if (met === null) return; // Before what was looked for.
          counters.gaps += 1;
          log.error({ after, next }, 'the log has a gap');
          meetAnew('the log has a gap');
        },
        unreadable(error) {
          counters.unreadable += 1;
          log.error({ err: error }, 'a record on the stream is not ours; skipped');
        },
        repeated() {
          counters.repeated += 1;
        },
      });
      ticker = setInterval(tick, 1_000).unref();
    },
    /**
     * Follows the log.
     *
     * @throws UNAVAILABLE while the log was not met or no relay runs; SESSION_REVOKED; CURSOR_INVALID; CURSOR_EXPIRED;
     *   TOO_MANY_SUBSCRIPTIONS, by `openQueue`.
     */
    async follow(request: FollowRequest, openQueue: OpenQueue): Promise<FrameQueue> {
      if (!isReady()) throw codedError('UNAVAILABLE', 'Changes cannot be followed yet. Try again in a few seconds.');
      const { viewerId, sessionId, expiresAt, after } = request;
      const { kind, views, question, workspaceId, selection } = followers.alike(request);
      const follow = { kind, views, question, workspaceId, selection, viewerId, sessionId, expiresAt };
      const follower = new Follower(following, follow, openQueue);
      followers.add(follower);
      try {
        await follower.start(after);
      } catch (error) {
        follower.end();
        // Nobody reads what it was told meanwhile (that it may be behind, say).
        await follower.queue.return?.();
        throw error;
      }
      return follower.queue;
    },
    /** Of those who follow something now. */
    viewers: followers.viewers,
    sessionIds: followers.sessionIds,
    hasLost: audience.hasLost,
    distrust: audience.distrust,
    endSession,
    endAll,
    async close() {
      if (ticker !== null) clearInterval(ticker);
      closing.abort();
      await reader?.close();
      endAll();
    },
  };
}
export type Feed = ReturnType<typeof createFeed>;
