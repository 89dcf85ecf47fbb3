import { expect, test } from '@jest/globals';
import { createBatch } from './batch.ts';

/** Holds what it is asked for until the test answers. */
function heldBatch(settings = {}) {
  const asked: { keys: readonly number[]; answer: (values: readonly string[]) => void; fail: (e: Error) => void }[] =
    [];
  const load = createBatch(
    (keys: readonly number[]) =>
      new Promise<readonly string[]>((answer, fail) => asked.push({ keys: [...keys], answer, fail })),
    settings,
  );
  return { asked, load };
}
const nextTurn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

test('what is asked for in one turn is loaded at once, and each gets its own answer', async () => {
  const { asked, load } = heldBatch();
  const answers = Promise.all([load(1), load(2), load(1)]);
  await nextTurn();
  expect(asked.map(({ keys }) => keys)).toEqual([[1, 2, 1]]);
  asked[0]?.answer(['one', 'two', 'one again']);
  expect(await answers).toEqual(['one', 'two', 'one again']);
});

test('what is asked for later neither waits for an answer under way nor is given it', async () => {
  const { asked, load } = heldBatch();
  const first = load(1);
  await nextTurn();
  const second = load(1);
  await nextTurn();
  asked[1]?.answer(['new']);
  expect(await second).toBe('new');
  asked[0]?.answer(['old']);
  expect(await first).toBe('old');
});

test('a load that fails fails those that were in it, and no others', async () => {
  const { asked, load } = heldBatch();
  const failing = Promise.allSettled([load(1), load(2)]);
  await nextTurn();
  const other = load(3);
  await nextTurn();
  asked[0]?.fail(new Error('away'));
  asked[1]?.answer(['three']);
  expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await other).toBe('three');
});

test('nothing is kept: the same key is loaded again', async () => {
  const { asked, load } = heldBatch();
  for (const value of ['first', 'second']) {
    const answer = load(7);
    await nextTurn();
    asked.at(-1)?.answer([value]);
    expect(await answer).toBe(value);
  }
  expect(asked).toHaveLength(2);
});

test('while as many loads are under way as may be, what is asked for is gathered, and loaded at once when one has ended, or failed', async () => {
  const { asked, load } = heldBatch({ maxUnderWay: 1 });
  const first = load(1);
  await nextTurn();
  const second = load(2);
  await nextTurn();
  const third = load(3);
  await nextTurn();
  expect(asked.map(({ keys }) => keys)).toEqual([[1]]);
  asked[0]?.fail(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await nextTurn();
  expect(asked.map(({ keys }) => keys)).toEqual([[1], [2, 3]]);
  asked[1]?.answer(['two', 'three']);
  expect(await Promise.all([second, third])).toEqual(['two', 'three']);
});
