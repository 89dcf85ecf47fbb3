import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { backoffMs } from './backoff.ts';

test('waits twice as long after each failure, never over 15 s, and at least half of that', () => {
  expect([0, 1, 2, 3].map((failures) => backoffMs(failures, () => 0))).toEqual([250, 500, 1_000, 2_000]);
  fc.assert(
    fc.property(fc.nat(5_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, chance) => {
      const most = Math.min(250 * 2 ** failures, 15_000);
      const wait = backoffMs(failures, () => chance);
      expect(wait).toBeLessThanOrEqual(most);
      expect(wait).toBeGreaterThanOrEqual(most / 2);
    }),
  );
});
