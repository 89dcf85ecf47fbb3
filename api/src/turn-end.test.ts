import { expect, test } from '@jest/globals';
import { createTurnEnd } from './turn-end.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a turn ends after its promises', async () => {
  const atTurnEnd = createTurnEnd();
  const order: string[] = [];
  await Promise.resolve();
  atTurnEnd(() => order.push('end'));
  await Promise.resolve().then(() => order.push('promise'));
  await turn();
  expect(order).toEqual(['promise', 'end']);
});

test('for a callback that is no promise, the turn ends before the promises which it settled', async () => {
  const atTurnEnd = createTurnEnd();
  const order: string[] = [];
  setImmediate(() => {
    void Promise.resolve().then(() => order.push('promise'));
    atTurnEnd(() => order.push('end'));
    order.push('callback');
  });
  await turn();
  await turn();
  expect(order).toEqual(['callback', 'end', 'promise']);
});

test('what is to be done at the end of a turn can ask for more, which is done in it, too', async () => {
  const atTurnEnd = createTurnEnd();
  const order: string[] = [];
  atTurnEnd(() => {
    order.push('first');
    atTurnEnd(() => order.push('second'));
  });
  setImmediate(() => order.push('next turn'));
  await turn();
  await turn();
  expect(order).toEqual(['first', 'second', 'next turn']);
});
