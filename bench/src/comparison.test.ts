import { describe, expect, test } from '@jest/globals';
import { compare, takeTurns } from './comparison.ts';
import { median } from './percentile.ts';
import { isWithinBar, type Row, ratioOf } from './row.ts';
import { formatTable } from './table.ts';

describe('two sides that are compared', () => {
  test('take turns, and alternate in who begins', async () => {
    const order: string[] = [];
    const side = (name: string) => async () => {
      order.push(name);
      return [order.length];
    };
    const { ours, beside } = await takeTurns(2, { ours: side('ours'), beside: side('beside') });
    expect(order).toEqual(['ours', 'beside', 'beside', 'ours']);
    expect({ ours, beside }).toEqual({ ours: [[1], [4]], beside: [[2], [3]] });
  });

  test('have a ratio when their rounds agree', () => {
    const row = rowOf({ ours: [[4], [4.2]], beside: [[2], [2]] });
    expect(ratioOf(row)).toBe(2);
    expect(isWithinBar(row)).toBe(true);
    expect(formatTable([row])).toMatch(/4\.00 ms +2\.00 ms \(a limit\) +2\.00× +≤ 2× within$/m);
  });

  test('have none when their rounds disagree, and no bar is judged', () => {
    const row = rowOf({ ours: [[4], [8]], beside: [[2], [2]] });
    expect(ratioOf(row)).toBeNull();
    expect(isWithinBar(row)).toBeNull();
    expect(formatTable([row])).toContain('none: rounds differ 2.00×, over 1.50×  ≤ 2× not judged');
  });
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

function rowOf(samples: { ours: number[][]; beside: number[][] }): Row {
  return compare(samples, {
    what: 'a figure',
    besideKind: 'limit',
    besideWhat: 'a limit',
    unit: 'ms',
    statistic: median,
    maxSpread: 1.5,
    bar: { of: 'ratio', atMost: 2 },
  });
}
