import { expect, test } from '@jest/globals';
import { ratioOf } from '../row.ts';
import { growthRows } from './growth-rows.ts';

test('each step is held against the first, round by round', () => {
  const step = (what: string, costs: number[]) => ({ what, besideWhat: `with ${what}`, costs });
  const rows = growthRows('CPU ms', [step('one', [2, 20, 2]), step('ten', [2, 20, 3]), step('hundred', [4, 50, 4])]);
  expect(rows.map(({ what, ours }) => [what, ours])).toEqual([
    ['one', 2],
    ['ten', 3],
    ['hundred', 4],
  ]);
  expect(rows.map(ratioOf)).toEqual([null, 1, 2]);
  expect(rows.map(({ beside }) => beside?.what)).toEqual([undefined, 'ours with one', 'ours with one']);
});
