import type { ChangeRecord, Claim } from '@sync-hub/stream/change-record';
import type { Reader, Stream } from '@sync-hub/stream/stream';
import {
  affectedViewers,
  createDirectory,
  type Directory,
  directoryTables,
  endedSessions,
} from '../authority/directory.ts';
import { codedError } from '../errors.ts';
import type { Model } from '../model/model.ts';
import { rowFromRecord } from '../model/record-row.ts';
import type { Cursors } from './cursor.ts';
import { createFollower, type Follower, type FollowRequest } from './follower.ts';
import { createFollowerIndex } from './follower-index.ts';
import type { FrameBounds } from './frame.ts';
import { type Backlog, createFrameQueue, type FrameQueue } from './frame-queue.ts';
import type { StartPoint, StartPoints } from './start-point.ts';
import { createTransactionAssembler, type LogTransaction } from './transaction.ts';
import type { ModelChange } from './view.ts';

/** What the feed needs of a logger. */
export interface FeedLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

interface Dependencies {
  readonly stream: Stream;
  readonly startPoints: StartPoints;
  readonly cursors: Cursors;
  /** Reads the outbox row that a claim names; null when it is gone. */
  readonly readClaimed: (outboxId: string) => Promise<{ before: string | null; after: string | null } | null>;
  /** The column that names the workspace of a table's rows; null where they belong to none. */
  readonly workspaceColumn: (table: string) => string | null;
  /** Called for each session that the log says has ended. */
  readonly onSessionEnded: (sessionId: string) => void;
  readonly settings: {
    readonly frame: FrameBounds;
    /** What of one transaction is held, roughly; what a larger one changed is unknowable. */
    readonly maxTransactionBytes: number;
    readonly progressMs: number;
    /** A log that brings nothing for so long, not even a heartbeat, is stalled. */
    readonly stalledMs: number;
  };
  readonly log: FeedLog;
}

/** Counts what must not go unseen. */
export interface FeedCounters {
  gaps: number;
  unreadable: number;
  resyncs: number;
  transactions: number;
}

/**
 * Reads the log once for the whole process, keeps the directory of everybody at its position, and shows each follower
 * the transactions that may concern it, one after the other, in order.
 *
 * When the log cannot be continued exactly (a gap, another epoch, a record that cannot be known) every follower ends
 * with CURSOR_EXPIRED and the feed aligns itself anew: never a silent gap.
 */
export function createFeed(dependencies: Dependencies) {
  const { stream, startPoints, cursors, readClaimed, workspaceColumn, onSessionEnded, settings, log } = dependencies;
  const counters: FeedCounters = { gaps: 0, unreadable: 0, resyncs: 0, transactions: 0 };
  const followers = createFollowerIndex();
  const assembler = createTransactionAssembler({
    resolveClaim,
    maxBytes: settings.maxTransactionBytes,
    kept: directoryTables,
    workspaceColumn,
  });

  /** Everybody's authority as of the feed's position; null until the feed is aligned with the log. */
  let aligned: { directory: Directory; transaction: LogTransaction } | null = null;
  /** While the directory's own snapshot may still see what comes. */
  let directoryStart: StartPoint | null = null;
  let epoch: number | null = null;
  let lastRecordAt = Date.now();
  let reader: Reader | null = null;
  let progressTimer: NodeJS.Timeout | null = null;

  async function takeRecord(record: ChangeRecord): Promise<void> {
    lastRecordAt = Date.now();
    try {
      if (epoch !== null && record.epoch !== epoch) resync(`epoch ${record.epoch} follows epoch ${epoch}`);
      epoch = record.epoch;
      const transaction = await assembler.add(record);
      if (transaction !== null) await takeTransaction(transaction);
    } catch (error) {
      // A record that we cannot make sense of is a gap like any other: said to everyone, never passed over.
      log.error({ err: error, seq: record.seq }, 'a record of the log could not be applied');
      resync('a record could not be applied');
    }
  }

  async function takeTransaction(transaction: LogTransaction): Promise<void> {
    if (aligned === null) return align(transaction);
    if (directoryTables.some((table) => transaction.unknowable.has(table)))
      return resync(`a change of ${[...transaction.unknowable.keys()].join(', ')} cannot be known`);
    counters.transactions += 1;
    const { directory } = aligned;
    const seenByDirectory = directorySees(transaction);
    if (aligned === null) return;

    const changesOf = modelChanges(transaction);
    const halves: (() => void)[] = [];
    for (const follower of followers.concernedBy(transaction, affectedViewers(transaction)))
      halves.push(follower.receive(transaction, changesOf(follower.request.view.model)));
    if (!seenByDirectory) directory.apply(transaction);
    for (const completeHalf of halves) completeHalf();
    aligned = { directory, transaction };
    for (const sessionId of endedSessions(transaction)) endSession(sessionId);
  }

  /** The first whole transaction: the directory is loaded, in a snapshot later than it. */
  async function align(transaction: LogTransaction): Promise<void> {
    const start = await startPoints.takeForEverybody();
    if (start.epoch !== transaction.position.epoch) return;
    directoryStart = start;
    aligned = { directory: createDirectory(start.authority), transaction };
    log.info({ seq: transaction.position.seq, members: start.authority.members.length }, 'feed aligned with the log');
  }

  /** Whether the directory was loaded with this transaction in it already. */
  function directorySees(transaction: LogTransaction): boolean {
    if (directoryStart === null) return false;
    if (transaction.batch >= directoryStart.batch + 3) {
      directoryStart = null;
      return false;
    }
    if (transaction.batch > directoryStart.batch && transaction.session !== directoryStart.session) {
      resync('the relay began a new session while the directory was settling');
      return false;
    }
    if (transaction.batch <= directoryStart.batch || transaction.xid === null) return true;
    return directoryStart.snapshot.sees(transaction.xid);
  }

  function resync(reason: string) {
    if (aligned !== null) {
      counters.resyncs += 1;
      log.warn({ reason, subscriptions: followers.size }, 'the log cannot be continued; every subscription ends');
    }
    assembler.restart();
    aligned = null;
    directoryStart = null;
    const error = codedError('CURSOR_EXPIRED', 'The log was interrupted. Read again, then subscribe again.');
    for (const follower of followers.all()) follower.end(error);
  }

  async function resolveClaim(claim: Claim) {
    const { kind: _, outboxId, ...header } = claim;
    const rows = await retryUntilAnswered(() => readClaimed(outboxId));
    if (rows === null) return { ...header, kind: 'lost' as const, outboxId, reason: 'its outbox row is gone' };
    const parse = (json: string | null) => (json === null ? null : JSON.parse(json));
    return { ...header, kind: 'change' as const, before: parse(rows.before), after: parse(rows.after) };
  }

  /** The log waits for Postgres: to go on without the row would lose it. */
  async function retryUntilAnswered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    for (let delayMs = 50; ; delayMs = Math.min(delayMs * 2, 2_000)) {
      try {
        return await ask();
      } catch (error) {
        if (progressTimer === null) throw error;
        log.warn({ err: error }, 'a claimed row could not be read; trying again');
        await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
    }
  }

  /** Tells every subscriber to come back. */
  function endAll() {
    const error = codedError('UNAVAILABLE', 'The server is going away. Subscribe again.');
    for (const follower of followers.all()) follower.end(error);
  }

  function endSession(sessionId: string) {
    onSessionEnded(sessionId);
    const error = codedError('SESSION_REVOKED', 'This session has ended. Sign in again.');
    for (const follower of followers.ofSession(sessionId)) follower.end(error);
  }

  return {
    counters,
    get subscriptions() {
      return followers.size;
    },
    get position() {
      return aligned?.transaction.position ?? null;
    },
    get isReady() {
      return aligned !== null;
    },
    async start() {
      progressTimer = setInterval(() => {
        const now = Date.now();
        const isStalled = now - lastRecordAt > settings.stalledMs;
        const tick = { now, quietSince: now - settings.progressMs, isStalled };
        for (const follower of followers.all()) follower.tick(tick);
      }, 1_000).unref();
      reader = await stream.read('latest', {
        record: takeRecord,
        gap({ after, next }) {
          counters.gaps += 1;
          log.error({ after, next }, 'the log has a gap');
          resync('the log has a gap');
        },
        unreadable(error) {
          counters.unreadable += 1;
          log.error({ err: error }, 'a record on the stream is not ours; skipped');
        },
      });
    },
    /**
     * Follows from now on. The queue's first frame is the opening one, without changes.
     *
     * @throws UNAVAILABLE while the feed is not aligned or no relay runs; SESSION_REVOKED.
     */
    async follow(request: FollowRequest, backlog: Backlog): Promise<FrameQueue> {
      if (aligned === null)
        throw codedError('UNAVAILABLE', 'Changes cannot be followed yet. Try again in a few seconds.');
      let follower: Follower | null = null;
      const forget = () => follower !== null && followers.remove(follower);
      const queue = createFrameQueue(backlog, () => follower?.end());
      follower = createFollower({
        request,
        queue,
        startPoints,
        cursors,
        frameBounds: settings.frame,
        everybody: aligned.directory,
        feedPosition: () => {
          if (aligned === null) throw new Error('an unaligned feed has no position');
          return aligned.transaction.position;
        },
        onSettled: () => follower !== null && followers.settle(follower),
        onEnd: forget,
      });
      followers.add(follower);
      try {
        await follower.start();
      } catch (error) {
        follower.end();
        throw error;
      }
      return queue;
    },
    endSession,
    endAll,
    async close() {
      if (progressTimer !== null) clearInterval(progressTimer);
      progressTimer = null;
      await reader?.close();
      endAll();
    },
  };
}
export type Feed = ReturnType<typeof createFeed>;

/** The transaction's changes as rows of a model, made once for all followers of that model. */
function modelChanges(transaction: LogTransaction): (model: Model) => readonly ModelChange[] {
  const made = new Map<Model, readonly ModelChange[]>();
  return (model) => {
    let changes = made.get(model);
    if (changes === undefined) {
      changes = (transaction.changes.get(model.table) ?? []).map(({ key, before, after }) => ({
        key,
        before: before === null ? null : rowFromRecord(model, before),
        after: after === null ? null : rowFromRecord(model, after),
      }));
      made.set(model, changes);
    }
    return changes;
  };
}
