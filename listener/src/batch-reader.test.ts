import { describe, expect, test } from '@jest/globals';
import { cutByBytes } from './batch-reader.ts';
import { cutIntoRuns } from './transactions.ts';

const rows = (...bytes: number[]) => bytes.map((size, index) => ({ id: String(index), last: false, bytes: size }));
const transactions = (...counts: number[]) =>
  counts.map((count, index) => ({ xid: String(index), lastId: '', rows: count }));

describe('a piece', () => {
  const cut = (maxBytes: number, ...bytes: number[]) =>
    [...cutByBytes(rows(...bytes), maxBytes)].map((piece) => piece.map(({ bytes }) => bytes));

  test('holds as many rows as fit, and what a row takes besides its images counts', () => {
    expect(cut(3_600, 500, 500, 500, 500)).toEqual([[500, 500, 500], [500]]);
    expect(cut(3_599, 500, 500, 500, 500)).toEqual([
      [500, 500],
      [500, 500],
    ]);
  });
  test('holds one row at least, however large', () => {
    expect(cut(1_000, 5_000, 9_000, 1)).toEqual([[5_000], [9_000], [1]]);
  });
  test('is none where there are no rows', () => {
    expect(cut(1_000)).toEqual([]);
  });
});

describe('a run', () => {
  const cut = (maxRows: number, ...counts: number[]) =>
    [...cutIntoRuns(transactions(...counts), maxRows)].map((run) => run.map(({ rows: count }) => count));

  test('holds as many whole transactions as fit', () => {
    expect(cut(10, 4, 4, 4, 2, 4)).toEqual([
      [4, 4],
      [4, 2, 4],
    ]);
  });
  test('is one transaction alone, where that has more rows than fit', () => {
    expect(cut(10, 3, 25, 3, 11)).toEqual([[3], [25], [3], [11]]);
  });
});
