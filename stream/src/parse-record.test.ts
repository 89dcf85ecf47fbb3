import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeRecord, type RecordText } from './encode-record.ts';
import { parseRecord, UnreadableRecordError } from './parse-record.ts';

const counts = fc.maxSafeNat();
const decimals = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const texts = fc.string({ unit: 'grapheme' });
const textsOrNull = fc.option(texts);
const instants = fc
  .date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const rows = fc.dictionary(texts, fc.jsonValue()).map((row) => JSON.stringify(row));

const header = {
  epoch: counts,
  epochId: texts,
  incarnation: texts,
  seq: counts,
  batch: counts,
  tag: texts,
  last: fc.boolean(),
  at: instants,
};
const rowHeader = {
  ...header,
  xid: decimals,
  table: texts,
  actor: textsOrNull,
  actorSession: textsOrNull,
  mutationId: textsOrNull,
  traceparent: textsOrNull,
};
const changeHeader = {
  ...rowHeader,
  op: fc.constantFrom('I', 'U', 'D'),
  key: texts,
  scope: textsOrNull,
  shape: texts,
};

const records: fc.Arbitrary<RecordText> = fc.oneof(
  fc.record({ kind: fc.constant('change'), ...changeHeader, before: rows, after: rows }).map((change) => ({
    ...change,
    before: change.op === 'I' ? null : change.before,
    after: change.op === 'D' ? null : change.after,
  })),
  fc.record({ kind: fc.constant('claim'), ...changeHeader, outboxId: decimals }),
  fc.record({ kind: fc.constant('truncate'), ...rowHeader }),
  fc.record({ kind: fc.constant('lost'), ...rowHeader, outboxId: decimals, reason: texts }),
  fc.record({ kind: fc.constant('heartbeat'), ...header }),
);

/** The record as a reader is to get it. */
function read(record: RecordText): object {
  if (record.kind !== 'change') return { v: 1, ...record };
  const { before, after } = record;
  return { v: 1, ...record, before: JSON.parse(before ?? 'null'), after: JSON.parse(after ?? 'null') };
}

describe('a record', () => {
  test('is read as it was written', () => {
    fc.assert(fc.property(records, (record) => expect(parseRecord(encodeRecord(record).value)).toEqual(read(record))));
  });

  test('may carry fields that this version does not know', () => {
    fc.assert(
      fc.property(
        records,
        fc.dictionary(
          fc.string().map((name) => `x-${name}`),
          fc.jsonValue(),
        ),
        (record, unknown) => {
          const value = JSON.stringify({ ...unknown, ...JSON.parse(encodeRecord(record).value) });
          // JSON has no -0.
          expect(parseRecord(value)).toEqual({ ...JSON.parse(JSON.stringify(unknown)), ...read(record) });
        },
      ),
    );
  });

  test('without one of its fields, or with one of another type, is refused by the name of that field', () => {
    fc.assert(
      fc.property(records, fc.nat(), fc.constantFrom(undefined, 1.5, [], [[]]), (record, pick, wrong) => {
        const fields = JSON.parse(encodeRecord(record).value);
        const names = Object.keys(fields).filter((name) => name !== 'v');
        const name = names[pick % names.length] ?? '';
        expect(() => parseRecord(JSON.stringify({ ...fields, [name]: wrong }))).toThrow(`\`${name}\` must be`);
      }),
    );
  });

  test.each([
    ['I', 'before', {}],
    ['D', 'after', {}],
    ['U', 'before', null],
    ['U', 'after', null],
    ['I', 'after', null],
    ['D', 'before', null],
  ])('of operation %s is refused with `%s` being %j', (op, side, row) => {
    const [change] = fc.sample(
      records.filter(({ kind }) => kind === 'change'),
      1,
    );
    const rows = { before: op === 'I' ? null : {}, after: op === 'D' ? null : {}, [side]: row };
    expect(() => parseRecord(JSON.stringify({ v: 1, ...change, op, ...rows }))).toThrow(`\`${side}\` must be`);
  });

  test('of another format version is refused by a message that names both versions', () => {
    expect(() => parseRecord('{"v":2,"kind":"change"}')).toThrow(
      new UnreadableRecordError('record of format version 2; this reader reads version 1'),
    );
  });
});

describe('whatever lies on the topic', () => {
  test('is read or refused, and nothing else happens', () => {
    const values = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((v) => JSON.stringify({ v: 1, kind: v })),
    );
    fc.assert(
      fc.property(values, (value) => {
        expect(() => parseRecord(value)).toThrow(UnreadableRecordError);
      }),
    );
  });

  test.each([
    '',
    'null',
    '[]',
    '"text"',
    '{}',
    '{"v":1}',
    '{"v":1,"kind":"constructor"}',
    '{"v":"1","kind":"heartbeat"}',
  ])('%j is refused', (value) => {
    expect(() => parseRecord(value)).toThrow(UnreadableRecordError);
  });

  test('is never quoted at length in the error', () => {
    const secret = 'x'.repeat(10_000);
    expect(() => parseRecord(secret)).toThrow(/^.{0,200}$/);
  });
});
