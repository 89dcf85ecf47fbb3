import { describe, expect, test } from '@jest/globals';
import { comparePooled, compareRounds, takeTurns } from './comparison.ts';
import { percentile } from './percentile.ts';
import { isWithinBar, type Row, ratioOf, spreadOf } from './row.ts';
import { formatTable } from './table.ts';

const described = {
  what: 'a figure',
  besideKind: 'limit',
  besideWhat: 'a limit',
  unit: 'ms',
  maxSpread: 1.5,
  bar: { of: 'ratio', atMost: 2 },
} as const;

test('sides take turns, there and back, so that none is always late', async () => {
  const order: string[] = [];
  const side = (name: string) => async () => order.push(name);
  const { a, b } = await takeTurns(3, { a: side('a'), b: side('b'), c: side('c') });
  expect(order).toEqual(['a', 'b', 'c', 'c', 'b', 'a', 'a', 'b', 'c']);
  expect({ a, b }).toEqual({ a: [1, 6, 7], b: [2, 5, 8] });
});

describe('two sides with a figure a round', () => {
  test('have the median of their rounds’ own ratios, whatever the pace of each round was', () => {
    // Twice as much in every round; the ratio of the medians would be 4.
    const row = compareRounds({ ours: [2, 20, 40], beside: [1, 10, 20] }, described);
    expect(ratioOf(row)).toBe(2);
    expect(isWithinBar(row)).toBe(true);
    const uneven = compareRounds({ ours: [4, 40, 8], beside: [1, 20, 4] }, { ...described, maxSpread: 3 });
    expect(ratioOf(uneven)).toBe(2);
    expect([uneven.ours, uneven.beside?.value]).toEqual([8, 4]);
  });

  test('agree, although a round or two of seven are out of line', () => {
    const row = compareRounds({ ours: [4, 4.2, 90, 4.1, 4, 0.1, 4.4], beside: [2, 2, 2, 2, 2, 2, 2] }, described);
    expect(ratioOf(row)).toBe(2.05);
    expect(row.beside === null ? null : spreadOf(row.beside)).toEqual({ lower: 2, upper: 2.2, factor: 1.1 });
    expect(formatTable([row])).toMatch(/4\.10 ms +2\.00 ms \(a limit\) +2\.05× \(2\.00 to 2\.20\) +≤ 2× OVER$/m);
  });

  test('have no ratio when the quartiles of their rounds disagree, and no bar is judged', () => {
    const row = compareRounds({ ours: [2, 2, 2, 3, 4, 4, 4], beside: [2, 2, 2, 2, 2, 2, 2] }, described);
    expect(ratioOf(row)).toBeNull();
    expect(isWithinBar(row)).toBeNull();
    expect(formatTable([row])).toContain('none: rounds differ 2.00×, over 1.50× (1.00 to 2.00)  ≤ 2× not judged');
  });

  test('of two rounds or three, all have to agree', () => {
    expect(ratioOf(compareRounds({ ours: [4, 8], beside: [2, 2] }, described))).toBeNull();
    expect(ratioOf(compareRounds({ ours: [4, 4, 8], beside: [2, 2, 2] }, described))).toBeNull();
    expect(ratioOf(compareRounds({ ours: [4], beside: [2] }, described))).toBe(2);
  });
});

test('a percentile is one of all samples, and the rounds say how far they agree', () => {
  const rounds = {
    ours: [
      [1, 2, 9],
      [1, 1, 3],
    ],
    beside: [
      [1, 1, 3],
      [1, 1, 1],
    ],
  };
  const row = comparePooled(rounds, { ...described, statistic: (samples) => percentile(samples, 0.99) });
  expect([row.ours, row.beside?.value, ratioOf(row)]).toEqual([9, 3, 3]);
  expect(row.beside?.roundRatios).toEqual([3, 3]);
});

test('what is over its bar, or short of it, is said to be', () => {
  const row: Row = { what: 'RSS', unit: 'MB', ours: 200, beside: null, bar: { of: 'ours', atMost: 150 } };
  expect(formatTable([row])).toContain('≤ 150 MB OVER');
  expect(formatTable([{ ...row, bar: { of: 'ours', atLeast: 250 } }])).toContain('≥ 250 MB SHORT');
});

test('CPU per delivery has a column', () => {
  const row: Row = { what: 'fan-out', unit: 'per second', ours: 9, beside: null, bar: null };
  expect(formatTable([{ ...row, cpu: { ours: 1, beside: 6.5 } }])).toMatch(/9 per second .*1\.00, beside 6\.50$/m);
  expect(formatTable([{ ...row, cpu: { ours: 1, beside: null } }])).toMatch(/9 per second +1\.00$/m);
});
