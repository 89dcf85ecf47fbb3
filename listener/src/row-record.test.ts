import { describe, expect, test } from '@jest/globals';
import { parseRecord } from '@sync-hub/stream/parse-record';
import type { OutboxRow } from './outbox-rows.ts';
import { recordOfRow } from './row-record.ts';

const place = { epoch: 1, epochId: 'e', incarnation: 'i', seq: 5, batch: 2, tag: 't', last: true };
const row: OutboxRow = {
  id: '77',
  xid: '900',
  table: 'tasks',
  op: 'U',
  key: 'k',
  scope: 'w',
  old: '{"id":"k","n":1}',
  new: '{"id":"k","n":2}',
  at: '2026-11-23T10:00:00.000000Z',
  actor: 'ada',
  actorSession: null,
  mutationId: null,
  traceparent: null,
  shape: 'f',
  last: true,
  isOversize: false,
  isClaimed: false,
  lostReason: null,
};

function recordOf(over: Partial<OutboxRow> = {}, maxBytes = 10_000) {
  const { record, isClaim, lostReason } = recordOfRow({ ...row, ...over }, place, maxBytes);
  return { record: parseRecord(record.value), bytes: record.bytes, key: record.key, isClaim, lostReason };
}

describe('an outbox row becomes', () => {
  test('a change, whole, under its scope', () => {
    expect(recordOf()).toMatchObject({
      record: { kind: 'change', op: 'U', before: { n: 1 }, after: { n: 2 }, seq: 5, xid: '900', actor: 'ada' },
      key: 'w',
      isClaim: false,
      lostReason: null,
    });
  });

  test('a change with one image, for an insert and a delete', () => {
    expect(recordOf({ op: 'I', old: null }).record).toMatchObject({ kind: 'change', before: null, after: { n: 2 } });
    expect(recordOf({ op: 'D', new: null }).record).toMatchObject({ kind: 'change', before: { n: 1 }, after: null });
  });

  test('a truncate', () => {
    expect(recordOf({ op: 'T', key: null, scope: null, old: null, new: null }).record).toMatchObject({
      kind: 'truncate',
    });
  });

  test('a claim that names it, when the record would be too large by one byte', () => {
    const { bytes } = recordOf();
    expect(recordOf({}, bytes).record.kind).toBe('change');
    expect(recordOf({}, bytes - 1)).toMatchObject({
      record: { kind: 'claim', outboxId: '77', key: 'k' },
      isClaim: true,
    });
  });

  test('a claim, when its images were too large to be fetched', () => {
    expect(recordOf({ isOversize: true, old: null, new: null })).toMatchObject({
      record: { kind: 'claim' },
      isClaim: true,
    });
  });

  test('what it was when it was sent before, whatever the bound is now', () => {
    expect(recordOf({ isClaimed: true }).record).toMatchObject({ kind: 'claim' });
    expect(recordOf({ lostReason: 'as before' })).toMatchObject({
      record: { kind: 'lost', outboxId: '77', reason: 'as before' },
      lostReason: 'as before',
    });
  });
});

describe('a row that no reader could read becomes a marker that says why', () => {
  const cases: [string, Partial<OutboxRow>, RegExp][] = [
    ['an unknown operation', { op: 'X' }, /unknown operation "X"/],
    ['no key', { key: null }, /no key/],
    ['an update without its old image', { old: null }, /operation U without its old row/],
    ['an insert with an old image', { op: 'I' }, /operation I with a row in old/],
    ['a delete with a new image', { op: 'D' }, /operation D with a row in new/],
    ['an image that is a list', { new: ' [1]' }, /new row is not a JSON object/],
    ['a scope that is larger than a record', { scope: 'x'.repeat(20_000) }, /over 10000 bytes/],
    ['a truncate by an author of 20 KB', { op: 'T', actor: 'x'.repeat(20_000) }, /over 10000 bytes/],
  ];
  test.each(cases)('%s', (_, over, reason) => {
    const { record, bytes, lostReason, isClaim } = recordOf(over);
    expect(record).toMatchObject({ kind: 'lost', outboxId: '77', table: 'tasks', last: true, seq: 5 });
    expect(lostReason).toMatch(reason);
    expect(bytes).toBeLessThan(10_000);
    expect(isClaim).toBe(false);
  });
});
