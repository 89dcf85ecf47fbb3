import { expect, test } from '@jest/globals';
import { createTurns } from './turns.ts';

test('no more have their turn at once than may; the others follow in the order in which they came', async () => {
  const turns = createTurns(2);
  const begun: string[] = [];
  const ends = ['a', 'b', 'c', 'd'].map(async (who) => {
    const end = await turns.take();
    begun.push(who);
    return end;
  });
  const [end] = await Promise.all(ends.slice(0, 1));
  expect([begun, turns.waiting]).toEqual([['a', 'b'], 2]);
  end?.();
  // Ended twice, a turn makes room for one.
  end?.();
  await ends[2];
  await new Promise((resolve) => setImmediate(resolve));
  expect([begun, turns.waiting]).toEqual([['a', 'b', 'c'], 1]);
});
