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
 * a record costs the relay. Instants, numbers and the operation need no escaping. What is mostly as it was in the record before
 * is not written anew: half of the time, and of the garbage, of a record was the escaping of equal texts.
 */
function changeText(change: ChangeText): string {
  return (
    `${ofHistory(change.epoch, change.epochId, change.incarnation)}${change.seq}` +
    `${ofBatch(change.batch, change.tag)}${change.last},"at":"${change.at}` +
    `${ofTransaction(change.xid, change.table, change.actor, change.actorSession, change.mutationId, change.traceparent)}` +
    `${change.op}","key":${quote(change.key)}${ofTable(change.scope, change.shape)}${change.before},"after":${change.after}}`
  );
}

const ofHistory = repeated(
  (epoch: number, epochId: string, incarnation: string) =>
    `{"v":${FORMAT_VERSION},"kind":"change","epoch":${epoch},"epochId":${quote(epochId)},"incarnation":${quote(incarnation)},"seq":`,
);
const ofBatch = repeated((batch: number, tag: string) => `,"batch":${batch},"tag":${quote(tag)},"last":`);
const ofTransaction = repeated(
  (
    xid: string,
    table: string,
    actor: string | null,
    actorSession: string | null,
    mutationId: string | null,
    traceparent: string | null,
  ) =>
    `","xid":"${xid}","table":${quote(table)},"actor":${quote(actor)},"actorSession":${quote(actorSession)},` +
    `"mutationId":${quote(mutationId)},"traceparent":${quote(traceparent)},"op":"`,
);
const ofTable = repeated(
  (scope: string | null, shape: string) => `,"scope":${quote(scope)},"shape":${quote(shape)},"before":`,
);

/** The same function, which remembers what it has answered last. */
function repeated<Given extends readonly (string | number | null)[]>(
  write: (...given: Given) => string,
): (...given: Given) => string {
  let last: Given | null = null;
  let written = '';
  return (...given) => {
    if (last === null || !isEqual(last, given)) {
      last = given;
      // In one piece, since it will be copied often.
      written = Buffer.from(write(...given)).toString();
    }
    return written;
  };
}

function isEqual(one: readonly unknown[], other: readonly unknown[]): boolean {
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}

function quote(text: string | null): string {
  return text === null ? 'null' : JSON.stringify(text);
}
