import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pack, unpack } from './packed.ts';

const text = fc.oneof(
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  fc.stringMatching(/^[0-9a-f]{32}$/),
  fc.stringMatching(/^[\w-]{22}$/),
  fc.string({ unit: 'binary' }),
  fc.string({ minLength: 130, maxLength: 140 }),
);
const value = fc.oneof(fc.maxSafeNat(), fc.nat(300), text);

test('what is packed is read as it was, letter by letter', () => {
  fc.assert(
    fc.property(fc.array(value), (values) => {
      const packing = pack();
      for (const one of values) typeof one === 'number' ? packing.number(one) : packing.text(one);
      const unpacking = unpack(packing.bytes());
      expect(values.map((one) => (typeof one === 'number' ? unpacking.number() : unpacking.text()))).toEqual(values);
    }),
  );
});

test.each([
  ['a UUID', '00000000-0000-4000-8000-00000000000f'],
  ['32 hexadecimal digits', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['22 letters of base64url', '47DEQpj8HBSa-_TImW-5JA'],
])('%s takes 17 bytes', (_, id) => {
  expect(pack().text(id).bytes()).toHaveLength(17);
});

test.each([
  [0, 1],
  [127, 1],
  [128, 2],
  [Number.MAX_SAFE_INTEGER, 8],
])('the number %i takes %i bytes', (number, bytes) => {
  expect(pack().number(number).bytes()).toHaveLength(bytes);
});
