import { Buffer } from 'node:buffer';
import { type Change, type Claim, FORMAT_VERSION, type Heartbeat, type Lost, type Truncate } from './change-record.ts';
import type { EncodedRecord } from './stream.ts';

/** A {@link Change} whose rows are still the JSON text that Postgres wrote (`old::text`, `new::text`). */
export interface ChangeText extends Omit<Change, 'v' | 'before' | 'after'> {
  readonly before: string | null;
  readonly after: string | null;
}

/** What the relay knows of a record before it is written; the format version is added by {@link encodeRecord}. */
export type RecordText = ChangeText | Omit<Claim, 'v'> | Omit<Truncate, 'v'> | Omit<Lost, 'v'> | Omit<Heartbeat, 'v'>;

/**
 * Writes a record for the wire. Equal input gives equal text, so a batch published again is the same byte for byte.
 *
 * The rows of a change are spliced in as they are, neither parsed nor checked: what is passed must be JSON text.
 * Parsing and stringifying them would cost the relay two thirds of its speed: docs/decisions/encoded-records.md.
 */
export function encodeRecord(record: RecordText): EncodedRecord {
  const value = record.kind === 'change' ? changeText(record) : JSON.stringify({ v: FORMAT_VERSION, ...record });
  const key = 'scope' in record ? record.scope : null;
  return {
    epoch: record.epoch,
    seq: record.seq,
    key,
    value,
    bytes: Buffer.byteLength(value) + (key === null ? 0 : Buffer.byteLength(key)),
  };
}

function changeText({ before, after, ...header }: ChangeText): string {
  const head = JSON.stringify({ v: FORMAT_VERSION, ...header });
  return `${head.slice(0, -1)},"before":${before ?? 'null'},"after":${after ?? 'null'}}`;
}
