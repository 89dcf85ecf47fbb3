import { expect, test } from '@jest/globals';
import { median, percentile, quartiles } from './percentile.ts';

test('a percentile is the smallest sample that its share of all does not exceed', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(hundred, 0.5)).toBe(50);
  expect(percentile(hundred, 0.99)).toBe(99);
  expect(percentile([7], 0.99)).toBe(7);
  expect(median([3, 1, 2])).toBe(2);
});

test('there is no percentile of nothing', () => {
  expect(() => percentile([], 0.5)).toThrow(RangeError);
});

test('a quarter of the samples lies beyond each quartile, at most', () => {
  expect(quartiles([7, 1, 6, 2, 5, 3, 4])).toEqual({ lower: 2, upper: 6 });
  expect(quartiles([3, 1, 2])).toEqual({ lower: 1, upper: 3 });
  expect(quartiles([9])).toEqual({ lower: 9, upper: 9 });
});
