import { describe, expect, test } from '@jest/globals';
import { createRing } from './ring.ts';
import { collectGarbage } from './testing/collect-garbage.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';

const place = (seq: number, { epoch = 1, tag = `tag-${seq}` } = {}): LogPosition => ({
  epoch,
  epochId: `epoch-${epoch}`,
  seq,
  tag,
});
const transaction = (seq: number, bytes = 10) => ({ position: place(seq), bytes }) as LogTransaction;

/** Transactions end at 12, 14, 16 … after a beginning at 10. */
function filledRing(count: number, settings: Partial<Parameters<typeof createRing>[0]> = {}) {
  const ring = createRing({ maxBytes: 1_000, maxAgeMs: 1_000, ...settings });
  ring.begin(place(10));
  const all = Array.from({ length: count }, (_, index) => transaction(12 + 2 * index));
  for (const [index, one] of all.entries()) ring.add(one, index);
  return { ring, all };
}

describe('memory of the log', () => {
  test('gives what follows each place in turn, and nothing after the newest', () => {
    const { ring, all } = filledRing(3);
    expect(ring.after(place(10))).toBe(all[0]);
    expect(ring.after(place(12))).toBe(all[1]);
    expect(ring.after(place(16))).toBeNull();
    expect(ring.allAfter(place(12))).toEqual(all.slice(1));
  });

  test('knows places of another history: another tag, the middle of a transaction, another epoch', () => {
    const { ring } = filledRing(3);
    expect(ring.after(place(12, { tag: 'other' }))).toBe('other');
    expect(ring.after(place(13))).toBe('other');
    expect(ring.after(place(10, { tag: 'other' }))).toBe('other');
    expect(ring.after({ ...place(12), epochId: 'another id' })).toBe('other');
    expect(ring.after(place(12, { epoch: 0 }))).toBe('other');
  });

  test('knows places that it has not come to yet', () => {
    const { ring } = filledRing(3);
    expect(ring.after(place(18))).toBe('ahead');
    expect(ring.after(place(1, { epoch: 2 }))).toBe('ahead');
    expect(createRing({ maxBytes: 1, maxAgeMs: 1 }).after(place(1))).toBe('ahead');
  });

  test('is bounded in bytes; what it has let go it calls older, and the place before the first is known', () => {
    const { ring, all } = filledRing(10, { maxBytes: 30 });
    expect(ring.bytes).toBe(30);
    expect(ring.transactions).toBe(3);
    expect(ring.after(place(22))).toBe('older');
    expect(ring.after(place(24))).toBe(all[7]);
    expect(ring.allAfter(place(22))).toBeNull();
  });

  test('is bounded in age', () => {
    const { ring } = filledRing(3, { maxAgeMs: 100 });
    ring.add(transaction(18), 200);
    expect(ring.transactions).toBe(1);
  });

  test('holds not even the newest when that alone is too large', () => {
    const { ring } = filledRing(0, { maxBytes: 5 });
    ring.add(transaction(12));
    expect([ring.transactions, ring.bytes]).toEqual([0, 0]);
    expect(ring.after(place(12))).toBeNull();
    expect(ring.after(place(10))).toBe('older');
  });

  test('stays right over many more transactions than it holds', () => {
    const { ring, all } = filledRing(10_000, { maxBytes: 50 });
    expect(ring.allAfter(place(12 + 2 * 9_995))).toEqual(all.slice(-4));
  });

  test('lets go of what it has let go', async () => {
    const { ring } = filledRing(0, { maxBytes: 15 });
    const refs: WeakRef<object>[] = [];
    for (let seq = 12; seq < 32; seq += 2) {
      const one = transaction(seq);
      refs.push(new WeakRef(one));
      ring.add(one);
    }
    await collectGarbage();
    expect(refs.filter((ref) => ref.deref() !== undefined)).toHaveLength(1);
  });

  test('forgets everything when the log begins anew', () => {
    const { ring } = filledRing(3);
    ring.begin(place(40));
    expect(ring.after(place(12))).toBe('older');
    expect(ring.after(place(40))).toBeNull();
    expect(ring.bytes).toBe(0);
  });
});
