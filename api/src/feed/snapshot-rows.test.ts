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
