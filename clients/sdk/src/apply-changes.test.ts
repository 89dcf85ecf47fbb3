import { expect, test } from '@jest/globals';
import { applyChanges } from './apply-changes.ts';

const rows = [
  { id: 'a', title: 'A' },
  { id: 'b', title: 'B' },
];

test('a frame replaces a row in its place, adds one at the end, and takes out what has left', () => {
  const a = { id: 'a', title: 'A now' };
  const c = { id: 'c', title: 'C' };
  expect(applyChanges(rows, [{ key: 'a', row: a }])).toEqual([a, rows[1]]);
  expect(applyChanges(rows, [{ key: 'c', row: c }])).toEqual([...rows, c]);
  expect(applyChanges(rows, [{ key: 'a', row: null }])).toEqual([rows[1]]);
  expect(applyChanges(rows, [{ key: 'never seen', row: null }])).toEqual(rows);
});

test('what was held before a frame stays as it was', () => {
  const held = Object.freeze([...rows]);
  applyChanges(held, [{ key: 'a', row: null }]);
  expect(held).toEqual(rows);
});
