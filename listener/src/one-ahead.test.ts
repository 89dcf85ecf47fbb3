import { expect, test } from '@jest/globals';
import { oneAhead } from './one-ahead.ts';

/** Gives 1, 2, 3, …, and notes what happens to it. */
function createSource({ failsAt = Number.POSITIVE_INFINITY, until = 3 } = {}) {
  const notes: string[] = [];
  async function* source() {
    try {
      for (let n = 1; n <= until; n += 1) {
        notes.push(`read ${n}`);
        await Promise.resolve();
        if (n === failsAt) throw new Error('the reader has failed');
        yield n;
      }
    } finally {
      notes.push('ended');
    }
  }
  return { notes, source: source() };
}

async function consume(source: AsyncGenerator<number>, notes: string[], work: (n: number) => void = () => {}) {
  for await (const n of oneAhead(source)) {
    await new Promise((resolve) => void setImmediate(resolve));
    work(n);
    notes.push(`done ${n}`);
  }
}

test('the next is read while one is worked at, and no more than that', async () => {
  const { source, notes } = createSource();
  await consume(source, notes);
  expect(notes).toEqual(['read 1', 'read 2', 'done 1', 'read 3', 'done 2', 'ended', 'done 3']);
});

test('what the reader throws is told after what came before it was worked at', async () => {
  const { source, notes } = createSource({ failsAt: 2 });
  await expect(consume(source, notes)).rejects.toThrow('the reader has failed');
  expect(notes).toEqual(['read 1', 'read 2', 'ended', 'done 1']);
});

test('a consumer that fails is told its own error, and the reader ends, also when that fails meanwhile', async () => {
  for (const failsAt of [2, 4]) {
    const { source, notes } = createSource({ failsAt });
    const fail = () => {
      throw new Error('the stream has failed');
    };
    await expect(consume(source, notes, fail)).rejects.toThrow('the stream has failed');
    expect(notes).toEqual(['read 1', 'read 2', 'ended']);
    expect(await source.next()).toEqual({ done: true, value: undefined });
  }
});

test('nothing to read is nothing to do', async () => {
  const { source, notes } = createSource({ until: 0 });
  await consume(source, notes);
  expect(notes).toEqual(['ended']);
});
