import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@sync-hub/runtime/log';
import { createBackoff } from '@sync-hub/stream/backoff';
import type { Stream } from '@sync-hub/stream/stream';
import type { Batch } from './batch.ts';
import { createBatchReader } from './batch-reader.ts';
import { type CaughtUp, createCatchUp } from './catch-up.ts';
import type { Query } from './connection.ts';
import { type Look, lookAndFence } from './fence.ts';
import type { Metrics } from './metrics.ts';
import { createPublisher, PublishFailedError } from './publisher.ts';
import type { AtOnce } from './records-at-once.ts';
import { beginSession } from './relay-session.ts';
import { SMALL_BATCH_ROWS } from './small-batch.ts';
import type { Vigil } from './vigil.ts';

export interface TermSettings {
  /** Longest wait between two looks at the database. */
  readonly pollMs: number;
  /** Longest time without a record. */
  readonly heartbeatMs: number;
  /** Of the outbox rows that are read, sent and acknowledged at a time. */
  readonly pieceBytes: number;
}

interface Dependencies {
  /** Of a connection with {@link QUEUE_SETTINGS} and `synchronous_commit = on`. */
  readonly query: Query;
  readonly stream: Pick<Stream, 'publish' | 'bounds' | 'maxRecordBytes' | 'inStatement'>;
  readonly vigil: Vigil;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly settings: TermSettings;
}

/**
 * Longest pause between two small batches under a steady load. Each costs the database a statement with a wait for the disk,
 * however little is in it, and writers need the database, too.
 */
const GATHER_MS = 10;
/** A nudge so soon after such a load is still of it: the batch that it leads to gathers, too. */
const STEADY_MS = 30;

/**
 * What a leader does, from its election to its end, over one connection:
 *
 *   begin a session ──▶ catch up ──▶ follow ──▶ …
 *                          ▲           │ the stream did not acknowledge (after a pause), or a new epoch was asked for
 *                          └───────────┘
 *
 * Any other error ends the term. Writers never notice: what they commit waits in the outbox, and no transaction is open
 * while the relay waits for the stream.
 */
export function createTerm({ query, stream, vigil, metrics, log, settings }: Dependencies) {
  const reader = createBatchReader({
    query,
    settings: { pieceBytes: settings.pieceBytes, maxRowBytes: stream.maxRecordBytes },
  });
  const publisher = createPublisher({ query, stream, reader, metrics });
  const { inStatement: store, maxRecordBytes } = stream;
  const catchUp = createCatchUp({ query, stream, publisher, metrics, log });

  /** @returns the batch, all of it sent. */
  async function send(
    { stored, records }: Look,
    fenced: Batch,
    { epoch, epochId }: CaughtUp,
    signal: AbortSignal,
  ): Promise<Batch> {
    if (stored !== null) {
      store?.stored();
      publisher.count({ ...stored, seq: fenced.sentSeq });
      return fenced;
    }
    if (records !== null) return publisher.publishRecords(fenced, records, signal);
    return publisher.publish(fenced, { epoch, epochId, held: fenced.batch, signal });
  }

  /** Relays batch by batch. Returns when the epoch is over. */
  async function follow(session: string, caughtUp: CaughtUp, signal: AbortSignal): Promise<void> {
    const { epoch, epochId } = caughtUp;
    const atOnce: AtOnce = {
      epoch,
      epochId,
      maxBytes: Math.min(settings.pieceBytes, maxRecordBytes),
      maxRecordBytes,
      store,
    };
    let newest: Batch = caughtUp.newest;
    let beatAt = performance.now();
    /** Looks in a row that found something. */
    let finds = 0;
    /** Somebody has said so, or the look before has found something. */
    let isLikely = true;
    /** The last batch of a steady load: when it was sent, and the pause after it. */
    let load = { sentAt: Number.NEGATIVE_INFINITY, pauseMs: 0 };
    for (;;) {
      signal.throwIfAborted();
      const askedAt = performance.now();
      const quietMs = askedAt - beatAt;
      const isDue = quietMs >= settings.heartbeatMs;
      const [, look] = await Promise.all([
        publisher.noted(),
        lookAndFence(query, newest, session, isDue, isLikely ? atOnce : null),
      ]);
      if (look.isEpochOver) return;
      const { fenced } = look;
      finds = look.isWaiting ? finds + 1 : 0;
      if (fenced === null) {
        const untilBeatMs = Math.max(settings.heartbeatMs - quietMs, 0);
        isLikely = await vigil.rest(look.oldestOpenXid, Math.min(settings.pollMs, untilBeatMs), signal);
        if (isLikely && performance.now() - load.sentAt < STEADY_MS) {
          finds = 1;
          await sleep(load.pauseMs, undefined, { signal });
        }
        continue;
      }
      metrics.batches.inc();
      // A single change is relayed while writers may nudge: going to sleep again costs more than their nudges.
      if (finds > 1) await vigil.busy();
      newest = await send(look, fenced, caughtUp, signal);
      beatAt = performance.now();
      const nudged = await vigil.sleepOn(Math.min(settings.pollMs, settings.heartbeatMs), signal);
      isLikely = nudged ?? true;
      if (nudged !== null) finds = 0;
      const isSmall = newest.sentSeq - newest.firstSeq < SMALL_BATCH_ROWS;
      // Twice as long as the batch took, at most: docs/decisions/a-busy-relay-gathers.md.
      if (finds > 1 && isSmall) {
        load = { sentAt: beatAt, pauseMs: Math.min(2 * (beatAt - askedAt), GATHER_MS) };
        await sleep(load.pauseMs, undefined, { signal });
      }
    }
  }

  return {
    /** Never resolves. Rejects when `signal` aborts, the connection ends, or another relay is in charge. */
    async serve(signal: AbortSignal): Promise<never> {
      const session = await beginSession(query);
      const backoff = createBackoff({ minMs: 100, maxMs: 2_000 });
      let failures = 0;
      for (;;) {
        try {
          const caughtUp = await catchUp.run(session, signal);
          if (failures > 0) log.info({ failures }, 'the stream takes records again');
          failures = 0;
          backoff.reset();
          await follow(session, caughtUp, signal);
        } catch (error) {
          if (!(error instanceof PublishFailedError)) throw error;
          failures += 1;
          await vigil.busy(); // As long as nothing can be sent, nudges are of no use.
          log.error({ err: error.cause, failures }, 'the stream does not take records; changes wait in the outbox');
          await backoff.wait(signal);
          signal.throwIfAborted();
        }
      }
    },
  };
}
