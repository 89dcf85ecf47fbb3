import { describe, expect, test } from '@jest/globals';
import { createSnapshotMemory } from './snapshot-memory.ts';
import { createSnapshotRows, type PackedPage, type SnapshotRows } from './snapshot-rows.ts';

const page = (key: string, text = ''): PackedPage => ({
  view: 0,
  changes: [
    {
      operation: 'CREATED',
      key,
      row: { __typename: 'Task', id: key, title: text, dueAt: new Date(5), assigneeId: null, priority: 3 },
      previous: null,
      changedFields: [],
    },
  ],
});

test('rows come out as they went in, page by page, dates and NULLs too', async () => {
  const rows = createSnapshotRows(memoryOf(10_000));
  await rows.add(page('a'));
  await rows.add(page('b'));
  expect(rows.pages).toBe(2);
  expect([await rows.take(), await rows.take(), await rows.take()]).toEqual([page('a'), page('b'), null]);
});

describe('rows that several clients take', () => {
  test('are given to each, at its own pace, and take the memory of one until the last has them', async () => {
    const memory = memoryOf(10_000);
    const one = createSnapshotRows(memory);
    await fill(one, 2);
    const bytes = memory.bytes;
    const [other, gone] = [one.another(), one.another()];
    expect([one.isShared, memory.bytes]).toEqual([true, bytes]);
    expect([await one.take(), await one.take(), await one.take()]).toEqual([page('0'), page('1'), null]);
    expect([one.pages, other.pages, memory.bytes]).toEqual([0, 2, bytes]);
    expect(await other.take()).toEqual(page('0'));
    gone.release();
    expect(memory.bytes).toBeLessThan(bytes);
    expect([await other.take(), await other.take()]).toEqual([page('1'), null]);
    expect(memory.bytes).toBe(0);
    gone.release();
    expect(memory.bytes).toBe(0);
  });

  test('are unpacked once for those who keep step', async () => {
    const one = createSnapshotRows(memoryOf(10_000));
    await fill(one, 2);
    const other = one.another();
    expect(await one.take()).toBe(await other.take());
    const early = await one.take();
    expect(early).toBe(await other.take());
  });

  test('are dropped for those who have yet to take some, not for one who has them all', async () => {
    const memory = memoryOf(1_000, 0);
    const fast = createSnapshotRows(memory);
    await fill(fast, 2);
    const slow = fast.another();
    await fast.take();
    await fast.take();
    await slow.take();
    const more = createSnapshotRows(memory);
    while (!slow.wasDropped) await more.add(page('more'));
    expect([fast.wasDropped, await slow.take(), slow.another().wasDropped]).toEqual([false, null, true]);
    slow.release();
    more.release();
    expect(memory.bytes).toBe(0);
  });
});

describe('all snapshots together', () => {
  test('take no more memory than they may; what was taken or released makes room', async () => {
    const memory = memoryOf(1_000);
    const [one, other] = [createSnapshotRows(memory), createSnapshotRows(memory)];
    await one.add(page('a'));
    await expect(fill(other, 100)).rejects.toMatchObject({ extensions: { code: 'UNAVAILABLE' } });
    expect(memory.bytes).toBeLessThanOrEqual(1_000);
    other.release();
    await one.take();
    expect(memory.bytes).toBe(0);
  });

  test('give way, the oldest first, and no more of them than need be, once they had their time', async () => {
    const memory = memoryOf(1_000, 0);
    const [oldest, older, newest] = [
      createSnapshotRows(memory),
      createSnapshotRows(memory),
      createSnapshotRows(memory),
    ];
    await fill(oldest, 2);
    await fill(older, 2);
    const each = memory.bytes / 4;
    await fill(newest, Math.floor((1_000 - 2 * each) / each));
    expect([oldest, older, newest].map(({ wasDropped }) => wasDropped)).toEqual([true, false, false]);
    expect([await oldest.take(), (await older.take()) === null, memory.bytes <= 1_000]).toEqual([null, false, true]);
  });

  test('leave nothing to one that alone is too large, nor to one that was dropped while it was read', async () => {
    const memory = memoryOf(1_000, 0);
    const [large, other] = [createSnapshotRows(memory), createSnapshotRows(memory)];
    await expect(fill(large, 100)).rejects.toMatchObject({ extensions: { code: 'QUERY_TOO_COMPLEX' } });
    await fill(other, 1);
    expect(large.wasDropped).toBe(true);
    await expect(large.add(page('more'))).rejects.toMatchObject({ extensions: { code: 'UNAVAILABLE' } });
    other.release();
    expect(memory.bytes).toBe(0);
  });
});

function memoryOf(maxBytes: number, patienceMs = 60_000) {
  return createSnapshotMemory({ maxBytes, patienceMs });
}

async function fill(rows: SnapshotRows, pages: number): Promise<void> {
  for (let count = 0; count < pages; count += 1) await rows.add(page(String(count)));
}
