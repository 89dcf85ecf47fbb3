import { expect, test } from '@jest/globals';
import { createBell, firstOf } from './bell.ts';

test('whoever waits for the first of several bells leaves nothing behind with the others', async () => {
  const [rare, often] = [createBell(), createBell()];
  for (let count = 0; count < 3; count += 1) {
    const waiting = firstOf(rare, often);
    often.ring();
    await waiting;
  }
  expect([rare.waiting.size, often.waiting.size]).toEqual([0, 0]);
});
