import type { Operation, RecordHeader } from '@sync-hub/stream/change-record';
import { type ChangeText, encodeRecord, type RecordText } from '@sync-hub/stream/encode-record';
import type { EncodedRecord } from '@sync-hub/stream/stream';
import type { OutboxRow } from './outbox-rows.ts';

/** A row's place in the log. */
export type Place = Omit<RecordHeader, 'v' | 'at'>;

/** The record that stands for an outbox row, and what has to be noted before it may be published. */
export interface RowRecord {
  readonly record: EncodedRecord;
  /** The record only names the row, which must be kept. */
  readonly isClaim: boolean;
  /** The row cannot be published, ever: why. The record is the marker in its place. */
  readonly lostReason: string | null;
}

/** No name or setting of ours is longer; a row put into the outbox by hand may hold anything. */
const MAX_MARKER_TEXT = 500;

/**
 * Makes the record of one outbox row: the change itself; a claim, if that is too large; a marker, if it can never be read.
 *
 * What was decided when the row was sent before is decided again, whatever the bounds are now.
 *
 * @param maxBytes  of a record; the stream's bound.
 */
export function recordOfRow(row: OutboxRow, place: Place, maxBytes: number): RowRecord {
  const lost = (reason: string): RowRecord => ({
    record: encodeRecord({ kind: 'lost', ...clipped(headerOf(row, place)), outboxId: row.id, reason: clip(reason) }),
    isClaim: false,
    lostReason: reason,
  });
  const fits = (record: EncodedRecord) => record.bytes <= maxBytes;

  if (row.lostReason !== null) return lost(row.lostReason);
  if (row.op === 'T') {
    const record = encodeRecord({ kind: 'truncate', ...headerOf(row, place) });
    return fits(record) ? { record, isClaim: false, lostReason: null } : lost(tooLarge(maxBytes));
  }
  const { op, key, scope, shape } = row;
  if (op !== 'I' && op !== 'U' && op !== 'D') return lost(`unknown operation ${JSON.stringify(op)}`);
  if (key === null) return lost('it has no key');

  if (!row.isClaimed && !row.isOversize) {
    const fault = faultOfImages(row);
    if (fault !== null) return lost(fault);
    const record = encodeRecord(changeOf(row, place, op, key));
    if (fits(record)) return { record, isClaim: false, lostReason: null };
  }
  const claim = encodeRecord({ kind: 'claim', ...headerOf(row, place), op, key, scope, shape, outboxId: row.id });
  return fits(claim) ? { record: claim, isClaim: true, lostReason: null } : lost(tooLarge(maxBytes));
}

function headerOf(row: OutboxRow, place: Place) {
  const { at, xid, table, actor, actorSession, mutationId, traceparent } = row;
  return { ...place, at, xid, table, actor, actorSession, mutationId, traceparent };
}

/** What almost every row becomes. Written out: spreading `place` and a header into it takes four times as long as encoding it. */
function changeOf(row: OutboxRow, place: Place, op: Operation, key: string): ChangeText {
  return {
    kind: 'change',
    epoch: place.epoch,
    epochId: place.epochId,
    incarnation: place.incarnation,
    seq: place.seq,
    batch: place.batch,
    tag: place.tag,
    last: place.last,
    at: row.at,
    xid: row.xid,
    table: row.table,
    actor: row.actor,
    actorSession: row.actorSession,
    mutationId: row.mutationId,
    traceparent: row.traceparent,
    op,
    key,
    scope: row.scope,
    shape: row.shape,
    before: row.old,
    after: row.new,
  };
}

/** An update has both images, an insert only the new one, a delete only the old one; each is a JSON object. */
function faultOfImages(row: OutboxRow): string | null {
  const has = { old: row.op !== 'I', new: row.op !== 'D' };
  for (const side of ['old', 'new'] as const) {
    const image = row[side];
    if (has[side] && image === null) return `operation ${row.op} without its ${side} row`;
    if (!has[side] && image !== null) return `operation ${row.op} with a row in ${side}`;
    if (image !== null && !/^\s*\{/.test(image)) return `its ${side} row is not a JSON object`;
  }
  return null;
}

function tooLarge(maxBytes: number): string {
  return `what names it is over ${maxBytes} bytes`;
}

function clipped<Header extends Omit<RecordText & { kind: 'lost' }, 'kind' | 'outboxId' | 'reason'>>(header: Header) {
  return {
    ...header,
    table: clip(header.table),
    actor: header.actor && clip(header.actor),
    actorSession: header.actorSession && clip(header.actorSession),
    mutationId: header.mutationId && clip(header.mutationId),
    traceparent: header.traceparent && clip(header.traceparent),
  };
}

function clip(text: string): string {
  return text.slice(0, MAX_MARKER_TEXT);
}
