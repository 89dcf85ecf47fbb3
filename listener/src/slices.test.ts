import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Slice } from './outbox-rows.ts';
import { createSlices } from './slices.ts';

/** Transaction x has the rows x.1, x.2 … */
const transactions = (counts: readonly number[]) =>
  counts.map((rows, xid) => ({ xid: String(xid), lastId: `${xid}.${rows}`, rows }));
const idsOf = (counts: readonly number[]) =>
  counts.flatMap((rows, xid) => Array.from({ length: rows }, (_, row) => `${xid}.${row + 1}`));
/** What the database would find. */
const found = ({ transactions, done, afterId, rows }: Slice) => {
  const all = idsOf(transactions.map(({ rows }) => rows)).map((id) => {
    const [index, row] = id.split('.');
    return `${transactions[Number(index)]?.xid}.${row}`;
  });
  expect(done === 0 ? '0' : all[done - 1]).toBe(afterId);
  return all.slice(done, done + rows);
};

test('however many rows are asked for and got, slice by slice every row comes once and in order', () => {
  const counts = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 8 });
  fc.assert(
    fc.property(counts, fc.infiniteStream(fc.integer({ min: 1, max: 9 })), fc.nat(4), (counts, sizes, skipped) => {
      const ids = idsOf(counts);
      const skip = Math.min(skipped, (counts[0] ?? 1) - 1);
      const slices = createSlices(transactions(counts), skip, skip === 0 ? '0' : `0.${skip}`);
      const read = ids.slice(0, skip);
      for (;;) {
        const ask = sizes.next().value;
        const slice = slices.next(ask);
        if (slice === null) break;
        expect(slice.rows).toBe(Math.min(ask, ids.length - read.length));
        // Some of them, one at least.
        const got = found(slice).slice(0, sizes.next().value);
        read.push(...got);
        slices.advance(got.length, got.at(-1) ?? '');
      }
      expect(read).toEqual(ids);
    }),
  );
});

test('a slice names no transaction of which it has no row', () => {
  const slices = createSlices(transactions([2, 3, 4]), 0, '0');
  expect(slices.next(2)?.transactions.map(({ xid }) => xid)).toEqual(['0']);
  slices.advance(2, '0.2');
  expect(slices.next(4)).toMatchObject({ done: 0, afterId: '0', rows: 4, transactions: [{ xid: '1' }, { xid: '2' }] });
});
