import { encodeRecord } from '@sync-hub/stream/encode-record';
import type { EncodedRecord, Stream } from '@sync-hub/stream/stream';
import type { Batch } from './batch.ts';
import type { BatchReader, Piece } from './batch-reader.ts';
import { type Claimed, keepClaimed } from './claims.ts';
import type { Query } from './connection.ts';
import { type DeadLetter, parkDeadLetters } from './dead-letters.ts';
import { recordSent } from './fence.ts';
import type { Metrics } from './metrics.ts';
import { oneAhead } from './one-ahead.ts';
import { type Place, recordOfRow } from './row-record.ts';

/** Later than a single change takes to its readers, who need the processor. A crash before it sends a little more again. */
const NOTE_AFTER_MS = 10;

/** The stream did not acknowledge, so what it holds is unknown. Its own error is the `cause`. */
export class PublishFailedError extends Error {
  override readonly name = 'PublishFailedError';
}

export interface PublishOptions {
  readonly epoch: number;
  readonly epochId: string;
  /** Number of the newest batch. */
  readonly held: number;
  /** @default all of it */
  readonly fromSeq?: number;
  readonly signal: AbortSignal;
}

interface Dependencies {
  readonly query: Query;
  readonly stream: Pick<Stream, 'publish' | 'maxRecordBytes'>;
  readonly reader: BatchReader;
  readonly metrics: Metrics;
}

/** Sends batches to the stream. */
export function createPublisher({ query, stream, reader, metrics }: Dependencies) {
  async function publishPiece(records: readonly EncodedRecord[], signal: AbortSignal): Promise<void> {
    try {
      await unlessAborted(stream.publish(records), signal);
    } catch (cause) {
      signal.throwIfAborted();
      metrics.publishFailures.inc();
      throw new PublishFailedError('the stream has not acknowledged', { cause });
    }
    const bytes = records.reduce((sum, record) => sum + record.bytes, 0);
    count({ records: records.length, bytes, seq: records.at(-1)?.seq ?? 0 });
  }

  /** What {@link NOTE_AFTER_MS} has not passed for. */
  let unnoted: { readonly batch: Batch; readonly seq: number; readonly timer: NodeJS.Timeout } | null = null;
  let noting: Promise<unknown> = Promise.resolve();

  function noteSoon(batch: Batch, seq: number): Batch {
    unnoted = { batch, seq, timer: setTimeout(noteNow, NOTE_AFTER_MS) };
    return { ...batch, sentSeq: seq };
  }

  function noteNow(): void {
    if (unnoted === null) return;
    const { batch, seq, timer } = unnoted;
    unnoted = null;
    clearTimeout(timer);
    noting = recordSent(query, batch, seq);
    noting.catch(() => undefined); // Told by `noted`.
  }

  function count({ records, bytes, seq }: { records: number; bytes: number; seq: number }): void {
    metrics.records.inc(records);
    metrics.bytes.inc(bytes);
    metrics.seq.set(seq);
  }

  return {
    /** Counts what was stored with its batch. */
    count,
    /**
     * Sends all records of the newest batch, of which nothing has to be noted before. That they were sent is noted a little
     * later, at the latest by `noted`.
     *
     * @returns the batch, all of it sent.
     * @throws {PublishFailedError}
     */
    async publishRecords(batch: Batch, records: readonly EncodedRecord[], signal: AbortSignal): Promise<Batch> {
      await publishPiece(records, signal);
      return noteSoon(batch, batch.firstSeq + records.length - 1);
    },
    /**
     * To be called before the next look: sends the note of what was sent last, if there is one. Resolves when it is noted.
     *
     * A look that follows on the same connection need not wait for that: it finds nothing to go on from when the note has
     * failed. Only that failure must not be lost.
     */
    noted(): Promise<unknown> {
      noteNow();
      return noting;
    },
    /**
     * Sends the batch's records from `fromSeq` on, piece by piece; each is acknowledged before the next is sent. That one is
     * read and written meanwhile. What was sent is noted when the batch is the newest; nobody waits for that but the second
     * piece after it: a crash before it sends so much more again.
     *
     * @returns the batch, all of it sent.
     * @throws {PublishFailedError} {@link FencedOffError} {@link MissingRowsError}; what has been noted stays so.
     */
    async publish(
      batch: Batch,
      { epoch, epochId, held, fromSeq = batch.firstSeq, signal }: PublishOptions,
    ): Promise<Batch> {
      const { incarnation, tag } = batch;
      const place = (seq: number, last: boolean): Place => ({
        epoch,
        epochId,
        incarnation,
        seq,
        batch: batch.batch,
        tag,
        last,
      });
      async function* encodedPieces(): AsyncGenerator<EncodedPiece> {
        for await (const piece of oneAhead(reader.read(batch, { held, fromSeq }))) {
          yield encodePiece(piece, batch, place, stream.maxRecordBytes);
        }
      }
      let sent: Promise<Batch> = Promise.resolve(batch);
      for await (const { records, claims, letters } of oneAhead(encodedPieces())) {
        // Before they go out: what a reader may see must be kept, and a second attempt must decide alike.
        await keepClaimed(query, claims);
        await parkDeadLetters(query, letters);
        await publishPiece(records, signal);
        metrics.claims.inc(claims.length);
        metrics.deadLetters.inc(letters.length);
        await sent;
        if (batch.batch === held) sent = recordSent(query, batch, records.at(-1)?.seq ?? batch.sentSeq);
        sent.catch(() => undefined); // Told when it is waited for.
      }
      return await sent;
    },
  };
}
export type Publisher = ReturnType<typeof createPublisher>;

interface EncodedPiece {
  readonly records: EncodedRecord[];
  readonly claims: Claimed[];
  readonly letters: DeadLetter[];
}

function encodePiece(
  { firstSeq, rows }: Piece,
  batch: Batch,
  place: (seq: number, last: boolean) => Place,
  maxRecordBytes: number,
): EncodedPiece {
  const piece: EncodedPiece = { records: [], claims: [], letters: [] };
  for (const [index, row] of rows.entries()) {
    const seq = firstSeq + index;
    const { record, isClaim, lostReason } = recordOfRow(row, place(seq, row.last), maxRecordBytes);
    piece.records.push(record);
    if (isClaim) piece.claims.push({ outboxId: row.id, seq });
    if (lostReason !== null) piece.letters.push({ outboxId: row.id, seq, reason: lostReason });
  }
  if (rows.length === 0)
    piece.records.push(encodeRecord({ kind: 'heartbeat', ...place(firstSeq, true), at: batch.fencedAt }));
  return piece;
}

/** Does not wait for a send whose outcome does not matter any more: landing late, it repeats what readers have seen. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}
