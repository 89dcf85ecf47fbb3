import { type ChangeText, encodeRecord } from '../encode-record.ts';
import type { EncodedRecord } from '../stream.ts';

/** A change at a place of the log, told from others by its `seq` alone. */
export function record(seq: number, over: Partial<ChangeText> = {}): EncodedRecord {
  return encodeRecord({
    kind: 'change',
    epoch: 1,
    epochId: 'a0000000-0000-4000-8000-000000000000',
    incarnation: '1764000000.25/1764000001.5',
    seq,
    batch: 1,
    tag: 'tag-1',
    last: true,
    at: '2026-11-23T10:00:00.000Z',
    xid: '1000',
    table: 'tasks',
    op: 'I',
    key: `key-${seq}`,
    scope: 'workspace-1',
    shape: 'shape-1',
    actor: null,
    actorSession: null,
    mutationId: null,
    traceparent: null,
    before: null,
    after: JSON.stringify({ id: `key-${seq}` }),
    ...over,
  });
}

/** The records from one `seq` to another, both included. */
export function records(first: number, last: number, over: Partial<ChangeText> = {}): EncodedRecord[] {
  return Array.from({ length: last - first + 1 }, (_, index) => record(first + index, over));
}

/** A record whose value has exactly `bytes` bytes. */
export function recordOfSize(seq: number, bytes: number): EncodedRecord {
  const filled = (length: number) => record(seq, { scope: null, after: `{"text":"${'x'.repeat(length)}"}` });
  return filled(bytes - filled(0).bytes);
}

/** A value that takes the place of a record and is none. */
export function rubbish(seq: number, value: string): EncodedRecord {
  return { epoch: 1, seq, key: 'key', value, bytes: Buffer.byteLength(value) };
}
