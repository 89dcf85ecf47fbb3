import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseEmail } from './email.ts';

describe('an e-mail', () => {
  test('is kept in lower case, without spaces around it', () => {
    expect(parseEmail('  Ada@Example.COM\n')).toBe('ada@example.com');
  });

  test.each(['a+b@example.co.uk', "o'brien@example.com", 'x@a-b.example', `${'a'.repeat(64)}@example.com`])(
    'may be %s',
    (email) => {
      expect(parseEmail(email)).toBe(email);
    },
  );

  test.each([
    ['nothing', ''],
    ['no @', 'ada.example.com'],
    ['two @', 'ada@b@example.com'],
    ['no dot in the domain', 'ada@localhost'],
    ['a space inside', 'ada b@example.com'],
    ['a line break inside', 'ada@example.com\nbcc: x@example.com'],
    ['U+0000', 'ada\u0000@example.com'],
    ['a label that begins with a hyphen', 'ada@-example.com'],
    ['a letter that is not ASCII', 'adá@example.com'],
    ['the Kelvin sign, whose lower case is an ASCII k', 'ada@\u212aelvin.com'],
    ['65 characters before the @', `${'a'.repeat(65)}@example.com`],
    ['255 characters', `a@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}.${'e'.repeat(57)}.com`],
    ['a megabyte', `${'a'.repeat(1_000_000)}@example.com`],
  ])('is not one with %s', (_what, text) => {
    expect(parseEmail(text)).toBeNull();
  });

  test('of 254 characters is one', () => {
    const longest = `a@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}.${'e'.repeat(56)}.com`;
    expect(longest).toHaveLength(254);
    expect(parseEmail(longest)).toBe(longest);
  });

  test('that was taken is ASCII in lower case, and is taken again as it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.string({ unit: 'binary' })), (text) => {
        const email = parseEmail(text);
        if (email === null) return;
        expect(email).toMatch(/^[\x21-\x40\x5b-\x7e]+$/);
        expect(parseEmail(email)).toBe(email);
      }),
    );
  });
});
