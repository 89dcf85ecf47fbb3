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
  const bell = createCrowdBell(2);
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
