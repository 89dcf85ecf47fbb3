import { describe, expect, test } from '@jest/globals';
import type { Change, JsonRow } from '@sync-hub/stream/change-record';
import { foldChanges } from './fold.ts';

const a = { id: '1', title: 'a', version: 1 };
const b = { id: '1', title: 'b', version: 2 };
const c = { id: '1', title: 'c', version: 3 };

describe('the changes of one row in one transaction', () => {
  test('a single change stays as it is', () => {
    expect(fold([null, a])).toEqual([{ key: '1', before: null, after: a }]);
    expect(fold([a, null])).toEqual([{ key: '1', before: a, after: null }]);
  });

  test('updates become one, from the first before to the last after', () => {
    expect(fold([a, b], [b, c])).toEqual([{ key: '1', before: a, after: c }]);
  });

  test('updates captured innermost first, by a trigger that writes its row again, become the same one', () => {
    expect(fold([b, c], [a, b])).toEqual([{ key: '1', before: a, after: c }]);
  });

  test('a row born and dead in the transaction is nothing', () => {
    expect(fold([null, a], [a, b], [b, null])).toEqual([]);
  });

  test('a row deleted and made again is an update, though its version starts anew', () => {
    const again = { ...a, title: 'again' };
    expect(fold([c, null], [null, again])).toEqual([{ key: '1', before: c, after: again }]);
  });

  test('a row deleted and made again as it was is nothing', () => {
    expect(fold([a, null], [null, a])).toEqual([]);
  });

  test('a row made, deleted and made again is born once', () => {
    expect(fold([null, a], [a, null], [null, b])).toEqual([{ key: '1', before: null, after: b }]);
  });

  test('rows that differ in anything at all are different rows of the chain', () => {
    const sameVersion = { ...b, title: 'other' };
    expect(fold([a, b], [b, sameVersion])).toEqual([{ key: '1', before: a, after: sameVersion }]);
  });
});

function fold(...links: [before: JsonRow | null, after: JsonRow | null][]) {
  return foldChanges(links.map(([before, after]) => ({ ...header, before, after })));
}

const header: Omit<Change, 'before' | 'after'> = {
  v: 1,
  epoch: 1,
  epochId: 'e',
  incarnation: 'i',
  seq: 1,
  batch: 1,
  tag: 't',
  last: true,
  at: '2026-11-23T00:00:00.000Z',
  kind: 'change',
  xid: '1',
  table: 'tasks',
  op: 'U',
  key: '1',
  scope: null,
  shape: '',
  actor: null,
  actorSession: null,
  mutationId: null,
  traceparent: null,
};
