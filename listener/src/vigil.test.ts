import { beforeEach, expect, test } from '@jest/globals';
import type { Query } from './connection.ts';
import { createVigil, type Vigil } from './vigil.ts';

const X = 100n;
const NEVER_MS = 3_600_000;

let steps: string[];
let vigil: Vigil;
let isNudged: boolean;
const signal = new AbortController().signal;

beforeEach(() => {
  steps = [];
  isNudged = false;
  const query: Query = async <Row>() => {
    steps.push('burn');
    return [{ xid: String(X) }] as Row[];
  };
  vigil = createVigil({
    query,
    awakeLock: { take: async () => void steps.push('take'), release: async () => void steps.push('release') },
    wakeUps: {
      isNudged: () => isNudged,
      async next(timeoutMs) {
        steps.push(timeoutMs === NEVER_MS ? 'sleep' : `pause ${timeoutMs}`);
        return isNudged;
      },
    },
  });
});

async function rest(...oldestOpenXids: readonly bigint[]): Promise<readonly string[]> {
  steps = [];
  for (const xid of oldestOpenXids) await vigil.rest(xid, NEVER_MS, signal);
  return steps;
}

test('whoever begins lets go and burns an id before the first sleep, in this order, and looks at once', async () => {
  expect(await rest(X + 1n)).toEqual(['release', 'burn']);
  expect(await rest(X + 1n)).toEqual(['sleep']);
});

test('nobody sleeps while a transaction is open that may have found the lock held: with the very id that was burnt too', async () => {
  expect(await rest(1n, X - 1n, X)).toEqual(['release', 'burn', 'pause 1', 'pause 2']);
  expect(await rest(X + 1n, X + 1n)).toEqual(['sleep', 'sleep']);
});

test('pauses grow to a bound, and are never longer than what was asked for', async () => {
  const pauses = await rest(...Array.from({ length: 9 }, () => 1n));
  expect(pauses.slice(2)).toEqual([1, 2, 4, 8, 16, 32, 50, 50].map((ms) => `pause ${ms}`));
  await vigil.rest(1n, 20, signal);
  expect(pauses.at(-1)).toBe('pause 20');
});

test('what was burnt before a busy time counts no more: the next sleep begins anew', async () => {
  await rest(1n, X + 1n);
  await vigil.busy();
  expect(steps.at(-1)).toBe('take');
  expect(await rest(X + 1n)).toEqual(['release', 'burn']);
});

test('once asleep, an older transaction keeps nobody from sleeping: whoever came since nudges', async () => {
  await rest(1n, X + 1n);
  expect(await rest(1n)).toEqual(['sleep']);
});

test('whoever has sent what a nudge was for sleeps on without another look, unless nudged meanwhile', async () => {
  await rest(1n, X + 1n);
  steps = [];
  expect(await vigil.sleepOn(NEVER_MS, signal)).toBe(false);
  expect(steps).toEqual(['sleep']);
  isNudged = true;
  expect(await vigil.sleepOn(NEVER_MS, signal)).toBeNull();
  expect(steps).toEqual(['sleep']);
});

test('whoever is awake, or falling asleep, looks again: somebody may have committed without a nudge', async () => {
  expect(await vigil.sleepOn(NEVER_MS, signal)).toBeNull();
  await rest(1n, X);
  steps = [];
  expect(await vigil.sleepOn(NEVER_MS, signal)).toBeNull();
  await vigil.busy();
  expect(await vigil.sleepOn(NEVER_MS, signal)).toBeNull();
  expect(steps).toEqual(['take']);
});
