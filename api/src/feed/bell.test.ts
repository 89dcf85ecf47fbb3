import { expect, test } from '@jest/globals';
import { createBell, createCrowdBell, firstOf } from './bell.ts';

test('whoever waits for the first of several bells leaves nothing behind with the others', async () => {
  const [rare, often] = [createBell(), createBell()];
  for (let count = 0; count < 3; count += 1) {
    const waiting = firstOf(rare, often);
    often.ring();
    await waiting;
  }
  expect([rare.waiting.size, often.waiting.size]).toEqual([0, 0]);
});

test('a crowd wakes so many at a time, the first at once; whoever waits again is woken by the next ring', async () => {
  let now = 0;
  const bell = createCrowdBell(2, () => {
    now += 10; // Turns are long.
    return now;
  });
  const other = createBell();
  const woken: string[] = [];
  const wait = (name: string) => void firstOf(bell, other).then(() => woken.push(name));
  const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
  for (const name of ['a', 'b', 'c', 'd', 'e']) wait(name);
  bell.ring();
  await Promise.resolve();
  expect(woken).toEqual(['a', 'b']);
  wait('a again');
  await nextTurn();
  expect(woken).toEqual(['a', 'b', 'c', 'd']);
  bell.ring();
  await nextTurn();
  expect(woken).toEqual(['a', 'b', 'c', 'd', 'e', 'a again']);
  wait('f');
  bell.ring();
  await Promise.resolve();
  expect(woken.at(-1)).toBe('f');
  expect(bell.waiting.size + other.waiting.size).toBe(0);
});

test('as long as turns are short, ever more of a crowd wake in each, and after a long one fewer', async () => {
  let now = 0;
  const bell = createCrowdBell(2, () => now);
  let woken = 0;
  const wake = () => {
    woken += 1;
  };
  for (let count = 0; count < 40; count += 1) bell.waiting.add(() => wake());
  const perTurn: number[] = [];
  const turn = async (run: () => unknown) => {
    const before = woken;
    await run();
    perTurn.push(woken - before);
  };
  const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
  await turn(bell.ring);
  await turn(nextTurn);
  await turn(nextTurn);
  now += 10;
  await turn(nextTurn);
  await turn(nextTurn);
  await turn(nextTurn);
  expect(perTurn).toEqual([2, 4, 8, 4, 8, 14]);
});
