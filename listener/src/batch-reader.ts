import type { Batch } from './batch.ts';
import type { Query } from './connection.ts';
import { fetchRows, idOfRow, type OutboxRow, type PlannedRow, planRows, ROW_OVERHEAD_BYTES } from './outbox-rows.ts';
import { createShapes, readRowsThatFit } from './rows-that-fit.ts';
import { createSlices, type Slices } from './slices.ts';
import { readSmallBatch } from './small-batch.ts';
import { countRows, type Transaction, transactionsBetween } from './transactions.ts';

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

/** Rows that are asked for before it is known how many fit into a piece. */
const FIRST_ROWS = 256;
/** Rows whose ids and sizes are in memory at a time, where those have to be asked for. */
const SLICE_ROWS = 1_000;

/**
 * Reads batches in the order of the log, numbered, in pieces of bounded bytes.
 *
 * However large the batch: in memory are one piece and the transactions of a window (and the piece that is being sent
 * meanwhile). Every statement stands alone. That the pieces still belong together does not rest on one
 * database snapshot but on the batch: which rows are in it is decided by its own two snapshots, and those rows never change;
 * if one is missing, reading ends with an error.
 */
export function createBatchReader({ query, settings: { pieceBytes, maxRowBytes } }: Dependencies) {
  const mostRows = Math.ceil(pieceBytes / ROW_OVERHEAD_BYTES);

  /** A piece a statement, as long as the next row fits into one; else a slice of rows whose sizes are asked for first. */
  async function* readSlices(slices: Slices): AsyncGenerator<readonly OutboxRow[]> {
    const shapesOf = createShapes(query);
    let ask = Math.min(FIRST_ROWS, mostRows);
    for (let slice = slices.next(ask); slice !== null; slice = slices.next(ask)) {
      const rows = await readRowsThatFit(query, slice, pieceBytes, shapesOf);
      if (rows.length > 0) {
        // What does not fit is read in vain: a little more than fitted the last time, as long as rows are of a size.
        ask = rows.length < slice.rows ? rows.length + Math.ceil(rows.length / 16) : Math.min(2 * ask, mostRows);
        slices.advance(rows.length, rows.at(-1)?.id ?? '0');
        yield rows;
        continue;
      }
      const planned = await planRows(query, slices.next(SLICE_ROWS) ?? slice);
      for (const piece of cutByBytes(planned, pieceBytes)) yield await fetchRows(query, piece, maxRowBytes);
      slices.advance(planned.length, planned.at(-1)?.id ?? '0');
    }
  }

  /** What is left of the transactions when the first `skip` rows of them are left out. */
  async function slicesAfter(transactions: readonly Transaction[], skip: number): Promise<Slices> {
    let index = 0;
    let left = skip;
    for (; left >= (transactions[index]?.rows ?? Number.POSITIVE_INFINITY); index += 1)
      left -= transactions[index]?.rows ?? 0;
    const first = transactions[index];
    const skippedTo = left === 0 || first === undefined ? '0' : await idOfRow(query, first, left);
    return createSlices(transactions.slice(index), left, skippedTo);
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
        const afterWindow = nextSeq + countRows(window);
        let firstSeq = Math.max(fromSeq, nextSeq);
        if (firstSeq < afterWindow) {
          for await (const rows of readSlices(await slicesAfter(window, firstSeq - nextSeq))) {
            yield { firstSeq, rows };
            firstSeq += rows.length;
          }
        }
        nextSeq = afterWindow;
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
