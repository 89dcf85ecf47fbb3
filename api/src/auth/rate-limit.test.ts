import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRateLimit, type Rate } from './rate-limit.ts';

const rate: Rate = { attempts: 3, seconds: 60 };

function clocked(maxBuckets = 10) {
  const clock = { now: 5_000 };
  return { clock, limit: createRateLimit({ maxBuckets, now: () => clock.now }) };
}

describe('a rate limit', () => {
  test('lets as many through at once as it says, then says how long to wait', () => {
    const { limit } = clocked();
    expect([1, 2, 3, 4, 5].map(() => limit.take('a', rate))).toEqual([0, 0, 0, 20, 20]);
  });

  test('lets one more through after the time it said, and no sooner', () => {
    const { limit, clock } = clocked();
    for (let attempt = 0; attempt < 3; attempt += 1) limit.take('a', rate);
    clock.now += 19_999;
    expect(limit.take('a', rate)).toBe(1);
    clock.now += 1;
    expect(limit.take('a', rate)).toBe(0);
    expect(limit.take('a', rate)).toBe(20);
  });

  test('does not count what it refuses', () => {
    const { limit, clock } = clocked();
    for (let attempt = 0; attempt < 100; attempt += 1) limit.take('a', rate);
    clock.now += 20_000;
    expect(limit.take('a', rate)).toBe(0);
  });

  test('counts each bucket for itself', () => {
    const { limit } = clocked();
    for (let attempt = 0; attempt < 4; attempt += 1) limit.take('a', rate);
    expect(limit.take('b', rate)).toBe(0);
  });

  test('uncounts what is given back', () => {
    const { limit } = clocked();
    for (let attempt = 0; attempt < 3; attempt += 1) limit.take('a', rate);
    limit.giveBack('a', rate);
    expect([limit.take('a', rate), limit.take('a', rate)]).toEqual([0, 20]);
  });

  test('holds no more buckets than it may, and forgets the least recently used first', () => {
    const { limit } = clocked(2);
    for (const bucket of ['a', 'a', 'b', 'b', 'b', 'a']) limit.take(bucket, rate);
    limit.take('c', rate);
    expect(limit.take('a', rate)).toBe(20);
    expect(limit.take('b', rate)).toBe(0);
  });

  test('never lets more through in any span of time than a burst and what came back meanwhile', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 20 }), (pauses, attempts) => {
        const { limit, clock } = clocked();
        const passed: number[] = [];
        for (const pause of pauses) {
          clock.now += pause;
          if (limit.take('a', { attempts, seconds: 60 }) === 0) passed.push(clock.now);
        }
        for (const [first, from] of passed.entries()) {
          for (const [last, to] of passed.entries()) {
            if (last < first) continue;
            expect(last - first + 1).toBeLessThanOrEqual(
              attempts + Math.floor(((to - from) * attempts) / 60_000 + 1e-6),
            );
          }
        }
      }),
    );
  });
});
