import { expect, test } from '@jest/globals';
import type { Row } from './row.ts';
import { exitCodeOf } from './verdict.ts';

const row = (ours: number, roundRatios: readonly number[] | null): Row => ({
  what: 'a row',
  unit: 'ms',
  ours,
  beside:
    roundRatios === null
      ? null
      : { kind: 'limit', what: 'a limit', value: 1, ratio: ours, roundRatios, maxSpread: 1.5 },
  bar: { of: roundRatios === null ? 'ours' : 'ratio', atMost: 2 },
});

test('a run passes when every bar is reached, and rows without a bar do not count', () => {
  expect(exitCodeOf([row(1, null), row(2, [2, 2.1]), { ...row(9, null), bar: null }])).toBe(0);
});

test('a run fails when one bar falls short, whatever else', () => {
  expect(exitCodeOf([row(1, null), row(3, [3]), row(1, [1, 9])])).toBe(1);
});

test('a run whose rounds disagree neither passes nor falls short', () => {
  expect(exitCodeOf([row(1, null), row(1, [1, 9])])).toBe(2);
});
