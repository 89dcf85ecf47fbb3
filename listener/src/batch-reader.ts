import type { Batch } from './batch.ts';
import type { Query } from './connection.ts';
import { fetchRows, idOfRow, type OutboxRow, type PlannedRow, planRows } from './outbox-rows.ts';
import { readSmallBatch } from './small-batch.ts';
import { countRows, cutIntoRuns, type Transaction, transactionsBetween } from './transactions.ts';

/** Consecutive rows of a batch. Without rows: the whole of a batch that has none. */
export interface Piece {
  /** Of its first row; the others follow without a gap. */
  readonly firstSeq: number;
  readonly rows: readonly OutboxRow[];
}

interface Dependencies {
  readonly query: Query;
  readonly settings: {
    /** Of the rows fetched at a time. */
    readonly pieceBytes: number;
    /** Of the images of one row; larger ones are not fetched. */
    readonly maxRowBytes: number;
  };
}

/** Rows whose ids and sizes are in memory at a time. */
const SLICE_ROWS = 1_000;
/** What a row takes besides its images, about. */
const ROW_OVERHEAD_BYTES = 500;

/**
 * Reads batches in the order of the log, numbered, in pieces of bounded bytes.
 *
 * However large the batch: in memory are one piece, the ids of a slice, and the transactions of a window (and the piece
 * that is being sent meanwhile). Every statement stands alone. That the pieces still belong together does not rest on one
 * database snapshot but on the batch: which rows are in it is decided by its own two snapshots, and those rows never change;
 * if one is missing, reading ends with an error.
 */
export function createBatchReader({ query, settings: { pieceBytes, maxRowBytes } }: Dependencies) {
  async function* planRun(run: readonly Transaction[], skip: number): AsyncGenerator<readonly PlannedRow[]> {
    const total = countRows(run);
    const [large] = run;
    if (large === undefined || total <= SLICE_ROWS) {
      yield (await planRows(query, { transactions: run, afterId: '0', rows: total })).slice(skip);
      return;
    }
    let afterId = skip === 0 ? '0' : await idOfRow(query, large, skip);
    for (let left = total - skip; left > 0; left -= SLICE_ROWS) {
      const planned = await planRows(query, { transactions: [large], afterId, rows: Math.min(left, SLICE_ROWS) });
      afterId = planned.at(-1)?.id ?? afterId;
      yield planned;
    }
  }

  return {
    /**
     * The records of `batch` from `fromSeq` on, or of all of it.
     *
     * @param held  the number of the newest batch.
     * @throws {FencedOffError} {@link MissingRowsError}
     */
    async *read(batch: Batch, { held, fromSeq }: { held: number; fromSeq: number }): AsyncGenerator<Piece> {
      if (fromSeq === batch.firstSeq) {
        const rows = await readSmallBatch(query, batch, { held, maxBytes: Math.min(pieceBytes, maxRowBytes) });
        if (rows.length > 0) return yield { firstSeq: fromSeq, rows };
      }
      let nextSeq = batch.firstSeq;
      for await (const window of transactionsBetween(query, { ...batch, held })) {
        for (const run of cutIntoRuns(window, SLICE_ROWS)) {
          const afterRun = nextSeq + countRows(run);
          const skip = Math.max(fromSeq - nextSeq, 0);
          if (nextSeq + skip < afterRun) {
            let firstSeq = nextSeq + skip;
            for await (const slice of planRun(run, skip)) {
              for (const planned of cutByBytes(slice, pieceBytes)) {
                yield { firstSeq, rows: await fetchRows(query, planned, maxRowBytes) };
                firstSeq += planned.length;
              }
            }
          }
          nextSeq = afterRun;
        }
      }
      if (nextSeq === batch.firstSeq && fromSeq <= nextSeq) yield { firstSeq: nextSeq, rows: [] };
    },
  };
}
export type BatchReader = ReturnType<typeof createBatchReader>;

/** Cuts rows into pieces of at most `maxBytes`, in their order; one that is larger than that is a piece of its own. */
export function* cutByBytes(rows: readonly PlannedRow[], maxBytes: number): Generator<readonly PlannedRow[]> {
  let start = 0;
  let bytes = 0;
  for (const [index, row] of rows.entries()) {
    const rowBytes = row.bytes + ROW_OVERHEAD_BYTES;
    if (index > start && bytes + rowBytes > maxBytes) {
      yield rows.slice(start, index);
      start = index;
      bytes = 0;
    }
    bytes += rowBytes;
  }
  if (start < rows.length) yield rows.slice(start);
}
