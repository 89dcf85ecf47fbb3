import { expect, test } from '@jest/globals';
import { createWakeUp } from './wake-up.ts';

const NEVER_MS = 60_000;

test('a ring ends the wait', async () => {
  const wakeUp = createWakeUp();
  const waiting = wakeUp.wait(NEVER_MS);
  wakeUp.ring();
  await waiting;
});

test('a ring that comes before the wait is not missed, and many are one', async () => {
  const wakeUp = createWakeUp();
  wakeUp.ring();
  wakeUp.ring();
  await wakeUp.wait(NEVER_MS);
  let isOver = false;
  const waiting = wakeUp.wait(NEVER_MS).then(() => {
    isOver = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isOver).toBe(false);
  wakeUp.ring();
  await waiting;
});

test('without a ring the wait ends by itself', async () => {
  await createWakeUp().wait(1);
});
