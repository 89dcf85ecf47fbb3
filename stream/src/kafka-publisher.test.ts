import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BATCH_OVERHEAD_BYTES, chunks, RECORD_OVERHEAD_BYTES } from './kafka-publisher.ts';
import { rubbish } from './testing/records.ts';

const MAX_BATCH_BYTES = 10_000;
const sizes = fc.array(fc.nat(MAX_BATCH_BYTES - BATCH_OVERHEAD_BYTES - RECORD_OVERHEAD_BYTES));

test('every record is sent once and in order, in batches that the topic takes, none of which could take one more', () => {
  fc.assert(
    fc.property(sizes, (sizes) => {
      const records = sizes.map((bytes, index) => ({ ...rubbish(index, ''), bytes }));
      const cut = [...chunks(records, MAX_BATCH_BYTES)];
      expect(cut.flat()).toEqual(records);
      const weight = (chunk: readonly { bytes: number }[]) =>
        chunk.reduce((sum, { bytes }) => sum + bytes + RECORD_OVERHEAD_BYTES, BATCH_OVERHEAD_BYTES);
      cut.forEach((chunk, index) => {
        expect(chunk.length).toBeGreaterThan(0);
        expect(weight(chunk)).toBeLessThanOrEqual(MAX_BATCH_BYTES);
        const following = cut[index + 1]?.[0];
        if (following) expect(weight([...chunk, following])).toBeGreaterThan(MAX_BATCH_BYTES);
      });
    }),
  );
});

test('the same records are cut in the same places', () => {
  fc.assert(
    fc.property(sizes, (sizes) => {
      const records = sizes.map((bytes, index) => ({ ...rubbish(index, ''), bytes }));
      expect([...chunks(records, MAX_BATCH_BYTES)]).toEqual([...chunks([...records], MAX_BATCH_BYTES)]);
    }),
  );
});
