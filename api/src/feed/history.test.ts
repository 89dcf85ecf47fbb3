import { expect, test } from '@jest/globals';
import { createEntrance } from '../entrance.ts';
import { readHistory } from './history.ts';
import type { Ring } from './ring.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';

const position = (seq: number): LogPosition => ({ epoch: 1, epochId: 'e', seq, tag: `t${seq}` });

test('a long way through memory is gone in many turns of the event loop, and nothing is left out', async () => {
  const newest = 220;
  const ring = {
    after: ({ seq }: LogPosition) => (seq < newest ? ({ position: position(seq + 1) } as LogTransaction) : null),
  } as Ring;
  const nothing = async function* () {};
  const dependencies = { ring, replay: nothing, entrance: createEntrance() };
  const seen: number[] = [];
  const perTurn: number[] = [];
  let isOver = false;
  const walk = async () => {
    for await (const transaction of readHistory(dependencies, position(0), new AbortController().signal))
      seen.push(transaction.position.seq);
    isOver = true;
  };
  const walking = walk();
  for (let before = 0; !isOver; before = seen.length) {
    await new Promise((resolve) => setImmediate(resolve));
    perTurn.push(seen.length - before);
  }
  await walking;
  expect(seen).toEqual(Array.from({ length: newest }, (_, index) => index + 1));
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(100);
  expect(perTurn.length).toBeGreaterThan(2);
});

test('a log that grows by more than a turn takes, while one stands in line, is caught up with', async () => {
  let newest = 400;
  let turns = 0;
  const ring = {
    after: ({ seq }: LogPosition) => (seq < newest ? ({ position: position(seq + 1) } as LogTransaction) : null),
  } as Ring;
  const entrance = {
    async pass() {
      turns += 1;
      if (turns > 20) throw new Error('it falls behind for ever');
      newest += 400;
    },
  };
  let told = 0;
  const dependencies = { ring, replay: async function* () {}, entrance };
  for await (const transaction of readHistory(dependencies, position(0), new AbortController().signal))
    told = transaction.position.seq;
  expect(told).toBe(newest);
});
