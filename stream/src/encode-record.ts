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

/**
 * Member by member: `JSON.stringify` of the header as an object takes twice as long, and this is the greatest part of what
 * a record costs the relay. Instants, numbers and the operation need no escaping.
 */
function changeText(change: ChangeText): string {
  return (
    `{"v":${FORMAT_VERSION},"kind":"change","epoch":${change.epoch},"epochId":${quote(change.epochId)},` +
    `"incarnation":${quote(change.incarnation)},"seq":${change.seq},"batch":${change.batch},"tag":${quote(change.tag)},` +
    `"last":${change.last},"at":"${change.at}","xid":"${change.xid}","table":${quote(change.table)},` +
    `"actor":${quote(change.actor)},"actorSession":${quote(change.actorSession)},"mutationId":${quote(change.mutationId)},` +
    `"traceparent":${quote(change.traceparent)},"op":"${change.op}","key":${quote(change.key)},` +
    `"scope":${quote(change.scope)},"shape":${quote(change.shape)},"before":${change.before},"after":${change.after}}`
  );
}

function quote(text: string | null): string {
  return text === null ? 'null' : JSON.stringify(text);
}
