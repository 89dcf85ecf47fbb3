import type { Log } from '@sync-hub/runtime/log';
import type { Bounds, Stream } from '@sync-hub/stream/stream';
import { type Batch, type BatchRow, batchColumns, parseBatch } from './batch.ts';
import type { Query } from './connection.ts';
import { reasonForNewEpoch, resumeSeq } from './epoch.ts';
import type { Metrics } from './metrics.ts';
import { beginEpoch } from './new-epoch.ts';
import { type Publisher, PublishFailedError } from './publisher.ts';
import { readStanding, type Standing } from './relay-session.ts';

/** The log as it stands when stream and database agree: the relay goes on from here. */
export interface CaughtUp {
  readonly epoch: number;
  readonly epochId: string;
  /** All of it is on the stream. */
  readonly newest: Batch;
}

interface Dependencies {
  readonly query: Query;
  readonly stream: Pick<Stream, 'bounds'>;
  readonly publisher: Publisher;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Kept batches that are read at a time. */
const PAGE = 1_000;

/**
 * Makes the stream hold what the database says it holds: at the start of a session, and after every failed send.
 *
 * Sends again what the stream has lost or was not known to have; begins a new epoch where the two cannot be one history.
 */
export function createCatchUp({ query, stream, publisher, metrics, log }: Dependencies) {
  async function readBounds(): Promise<Bounds | null> {
    try {
      return await stream.bounds();
    } catch (cause) {
      throw new PublishFailedError('the stream does not tell what it holds', { cause });
    }
  }

  async function agree(session: string): Promise<{ standing: Standing; bounds: Bounds | null }> {
    const standing = await readStanding(query, session);
    const bounds = await readBounds();
    const ownTag = bounds === null ? null : await readTag(query, bounds.newest.seq);
    const incompleteBatch = await findIncomplete(query, resumeSeq(standing, bounds));
    const reason = reasonForNewEpoch({ standing, bounds, ownTag, incompleteBatch });
    if (reason === null) return { standing, bounds };

    await beginEpoch(query, { standing, bounds, reason });
    metrics.epochs.inc();
    const begun = await readStanding(query, session);
    log[standing.epoch === 0 ? 'info' : 'warn'](
      { reason, epoch: begun.epoch, before: standing.epoch },
      'a new epoch begins: every client reads its rows anew',
    );
    return { standing: begun, bounds };
  }

  return {
    /** @throws {FencedOffError} {@link PublishFailedError} {@link MissingRowsError} */
    async run(session: string, signal: AbortSignal): Promise<CaughtUp> {
      const { standing, bounds } = await agree(session);
      const { epoch, epochId, newest } = standing;
      if (newest === null) throw new Error('an epoch begins with a batch, and there is none');
      metrics.epoch.set(epoch);

      const from = resumeSeq(standing, bounds);
      let sent: Batch = newest;
      for await (const batch of batchesFrom(query, from, newest)) {
        const fromSeq = Math.max(from, batch.firstSeq);
        sent = await publisher.publish(batch, { epoch, epochId, held: newest.batch, fromSeq, signal });
        metrics.republished.inc(sent.sentSeq - fromSeq + 1);
      }
      return { epoch, epochId, newest: sent };
    },
  };
}

/** The kept batches with records from `seq` on, oldest first; the newest, which may not have been sent to its end, last. */
async function* batchesFrom(query: Query, seq: number, newest: Batch): AsyncGenerator<Batch> {
  let after = 0;
  for (;;) {
    const rows = await query<BatchRow>(batchesSql, [after, newest.batch, seq, PAGE]);
    for (const row of rows) yield parseBatch(row);
    if (rows.length < PAGE) break;
    after = Number(rows.at(-1)?.batch);
  }
  yield newest;
}

const batchesSql = `
  SELECT ${batchColumns} FROM sync.batch
  WHERE batch > $1 AND batch < $2 AND sent_seq >= $3 ORDER BY batch LIMIT $4`;

/** A kept batch with records from `seq` on whose number of rows is not what it was; the newest cannot be judged. */
async function findIncomplete(query: Query, seq: number): Promise<number | null> {
  const [batch] = await query<{ batch: string }>(incompleteSql, [seq]);
  return batch === undefined ? null : Number(batch.batch);
}

// A batch without rows is one heartbeat.
const incompleteSql = `
  SELECT batch FROM sync.batch
  WHERE sent_seq >= $1 AND batch < (SELECT max(batch) FROM sync.batch)
    AND sent_seq - first_seq + 1 <> greatest((SELECT count(*) FROM sync.committed_between(from_snapshot, to_snapshot)), 1)
  LIMIT 1`;

async function readTag(query: Query, seq: number): Promise<string | null> {
  const [batch] = await query<{ tag: string }>(
    'SELECT tag FROM sync.batch WHERE first_seq <= $1 ORDER BY batch DESC LIMIT 1',
    [seq],
  );
  return batch?.tag ?? null;
}
