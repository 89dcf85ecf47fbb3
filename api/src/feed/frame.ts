import type { Model } from '../model/model.ts';
import type { Row } from '../model/row.ts';

/** The viewer's part of one transaction, a part of a snapshot, or progress. */
export interface Frame {
  readonly cursor: string;
  readonly reset: boolean;
  readonly upToDate: boolean;
  readonly transaction: FrameTransaction | null;
  readonly changes: readonly FrameChange[];
}

export interface FrameTransaction {
  /** xid8, as decimal text: what the mutation that wrote it answered. */
  readonly transactionId: string;
  readonly at: Date;
  readonly mutationId: string | null;
  readonly actorId: string | null;
}

export interface FrameChange {
  readonly model: Model;
  readonly operation: ChangeOperation;
  /** The row's uuid. */
  readonly key: string;
  readonly row: Row | null;
  readonly previous: Row | null;
  readonly changedFields: readonly string[];
}

export const changeOperations = ['CREATED', 'UPDATED', 'DELETED'] as const;
export type ChangeOperation = (typeof changeOperations)[number];

/** The bounds of one frame. */
export interface FrameBounds {
  readonly maxChanges: number;
  readonly maxBytes: number;
}

/** Cuts a transaction's changes into frames' worth: every piece within the bounds, but never less than one change. */
export function cutChanges(changes: readonly FrameChange[], bounds: FrameBounds): FrameChange[][] {
  let piece: FrameChange[] = [];
  let bytes = 0;
  const pieces = [piece];
  for (const change of changes) {
    const size = sizeOfChange(change);
    if (piece.length > 0 && (piece.length >= bounds.maxChanges || bytes + size > bounds.maxBytes)) {
      piece = [];
      bytes = 0;
      pieces.push(piece);
    }
    piece.push(change);
    bytes += size;
  }
  return pieces;
}

/** Roughly what the change weighs on the wire, in bytes. */
export function sizeOfChange({ row, previous }: FrameChange): number {
  return sizeOfRow(row) + sizeOfRow(previous) + 100;
}

function sizeOfRow(row: Row | null): number {
  if (row === null) return 4;
  let bytes = 0;
  for (const value of Object.values(row)) bytes += 24 + (typeof value === 'string' ? Buffer.byteLength(value) : 0);
  return bytes;
}
