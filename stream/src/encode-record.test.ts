import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ChangeText, encodeRecord } from './encode-record.ts';

const change: ChangeText = {
  kind: 'change',
  epoch: 3,
  epochId: 'e',
  incarnation: 'i',
  seq: 7,
  batch: 2,
  tag: 't',
  last: true,
  at: '2026-11-23T10:00:00.000Z',
  xid: '900',
  table: 'tasks',
  actor: null,
  actorSession: null,
  mutationId: null,
  traceparent: null,
  op: 'U',
  key: 'k',
  scope: 'wörkspace',
  shape: 'f',
  before: '{"n":1.10, "big":12345678901234567890}',
  after: '{"n":2}',
};

test('the rows of a change are written as Postgres wrote them, digit for digit', () => {
  expect(encodeRecord(change).value).toContain(',"before":{"n":1.10, "big":12345678901234567890},"after":{"n":2}}');
});

test('a change without a row on one side says null there', () => {
  expect(JSON.parse(encodeRecord({ ...change, op: 'I', before: null }).value)).toMatchObject({
    before: null,
    after: { n: 2 },
  });
  expect(JSON.parse(encodeRecord({ ...change, op: 'D', after: null }).value)).toMatchObject({ after: null });
});

test('a record knows its place, its key (the scope) and its size in UTF-8 bytes', () => {
  const encoded = encodeRecord(change);
  expect(encoded).toMatchObject({ epoch: 3, seq: 7, key: 'wörkspace' });
  expect(encoded.bytes).toBe(Buffer.from(encoded.value).length + 10);
});

test('a record without a scope has no key', () => {
  const { epoch, epochId, incarnation, seq, batch, tag, last, at } = change;
  const beat = encodeRecord({ kind: 'heartbeat', epoch, epochId, incarnation, seq, batch, tag, last, at });
  expect(beat.key).toBeNull();
  expect(JSON.parse(beat.value)).toEqual({
    v: 1,
    kind: 'heartbeat',
    epoch,
    epochId,
    incarnation,
    seq,
    batch,
    tag,
    last,
    at,
  });
});

test('what a record says does not depend on the one before it, however much the two have in common', () => {
  const others: Partial<ChangeText> = {
    epoch: 4,
    epochId: '"',
    incarnation: 'i2',
    seq: 8,
    batch: 3,
    tag: 't2',
    last: false,
    at: '2026-11-23T10:00:00.000001Z',
    xid: '901',
    table: 'täble',
    actor: 'null',
    actorSession: 's\n',
    mutationId: 'm',
    traceparent: '00',
    op: 'D',
    key: 'k2',
    scope: null,
    shape: 'f2',
  };
  fc.assert(
    fc.property(fc.array(fc.subarray(Object.keys(others) as (keyof ChangeText)[])), (choices) => {
      for (const names of choices) {
        const text = { ...change, ...Object.fromEntries(names.map((name) => [name, others[name]])) };
        const { before, after, ...header } = text;
        const { before: _, after: __, ...read } = JSON.parse(encodeRecord(text).value);
        expect(read).toEqual({ v: 1, ...header });
        expect(encodeRecord(text).value).toContain(`,"before":${before},"after":${after}}`);
      }
    }),
  );
});
