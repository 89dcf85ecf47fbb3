import { expect, test } from '@jest/globals';
import { createSnapshotRows, type PackedPage } from './snapshot-rows.ts';

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
  const rows = createSnapshotRows({ maxBytes: 10_000, bytes: 0 });
  await rows.add(page('a'));
  await rows.add(page('b'));
  expect(rows.pages).toBe(2);
  expect([await rows.take(), await rows.take(), await rows.take()]).toEqual([page('a'), page('b'), null]);
});

test('all snapshots together take no more memory than they may; what was taken or released makes room', async () => {
  const memory = { maxBytes: 1_000, bytes: 0 };
  const [one, other] = [createSnapshotRows(memory), createSnapshotRows(memory)];
  await one.add(page('a'));
  await expect(
    (async () => {
      for (let count = 0; count < 100; count += 1) await other.add(page(`${count}`));
    })(),
  ).rejects.toMatchObject({ extensions: { code: 'UNAVAILABLE' } });
  expect(memory.bytes).toBeLessThanOrEqual(memory.maxBytes);
  other.release();
  await one.take();
  expect(memory.bytes).toBe(0);
});
