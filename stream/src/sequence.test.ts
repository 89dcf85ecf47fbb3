import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { comparePositions, createSequence } from './sequence.ts';
import type { Position } from './stream.ts';

const at = (epoch: number, seq: number): Position => ({ epoch, seq });

test('the first record is taken, whatever its number', () => {
  expect(createSequence(null).judge(at(4, 900))).toBe('next');
});

test('the following number is next, a lower or equal one was seen, a higher one is a gap', () => {
  const sequence = createSequence(at(1, 10));
  expect([9, 10, 11, 12].map((seq) => sequence.judge(at(1, seq)))).toEqual(['seen', 'seen', 'next', 'gap']);
});

test('a newer epoch goes on at any number, and from then on every record of an older one was seen', () => {
  const sequence = createSequence(at(1, 10));
  expect(sequence.judge(at(2, 3))).toBe('next');
  sequence.advance(at(2, 3));
  expect(sequence.judge(at(1, 11))).toBe('seen');
  expect(sequence.judge(at(1, 900))).toBe('seen');
});

test('however a log is repeated, delayed or cut, a reader takes each place once, in order, and knows of every jump', () => {
  const position = fc.record({ epoch: fc.nat(3), seq: fc.nat(20) });
  fc.assert(
    fc.property(fc.array(position, { maxLength: 60 }), (log) => {
      const sequence = createSequence(null);
      const taken: Position[] = [];
      for (const record of log) {
        const previous = taken.at(-1);
        const standing = sequence.judge(record);
        if (standing === 'seen') continue;
        const jumped = previous?.epoch === record.epoch && record.seq > previous.seq + 1;
        expect(standing).toBe(jumped ? 'gap' : 'next');
        sequence.advance(record);
        taken.push(record);
      }
      expect(taken).toEqual([...taken].sort(comparePositions));
      expect(new Set(taken.map(({ epoch, seq }) => `${epoch}/${seq}`)).size).toBe(taken.length);
      expect(sequence.position()).toEqual(taken.at(-1) ?? null);
    }),
  );
});
