import { expect, test } from '@jest/globals';
import { createEntrance } from './entrance.ts';

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('a crowd comes in one by one, in the order in which it came, and everything else has its turn between two of them', async () => {
  const entrance = createEntrance();
  const seen: string[] = [];
  const crowd = ['a', 'b', 'c'].map((name) =>
    entrance.pass().then(async () => {
      // All that follows from it without waiting for anything is of its turn.
      await Promise.resolve();
      seen.push(name);
    }),
  );
  for (let turn = 1; turn <= 3; turn += 1) {
    await nextTurn();
    seen.push(`turn ${turn}`);
  }
  await Promise.all(crowd);
  expect(seen).toEqual(['a', 'turn 1', 'b', 'turn 2', 'c', 'turn 3']);
});

test('whoever comes later, also when all had come in, comes in too', async () => {
  const entrance = createEntrance();
  const seen: string[] = [];
  await entrance.pass().then(() => {
    seen.push('first');
    void entrance.pass().then(() => seen.push('second'));
  });
  await entrance.pass();
  await entrance.pass();
  expect(seen).toEqual(['first', 'second']);
});
