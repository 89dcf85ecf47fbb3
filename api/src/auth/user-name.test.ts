import { describe, expect, test } from '@jest/globals';
import { parseUserName } from './user-name.ts';

describe("a user's name", () => {
  test('is kept without spaces around it', () => {
    expect(parseUserName('  Ada Lovelace ')).toBe('Ada Lovelace');
  });

  test.each(['A', '李', '🦉'.repeat(100), 'Ḿàrïá-José'])('may be %s', (name) => {
    expect(parseUserName(name)).toBe(name);
  });

  test.each([
    ['nothing but spaces', ' \t '],
    ['101 characters', 'x'.repeat(101)],
    ['a line break', 'Ada\nLovelace'],
    ['U+0000', 'Ada\u0000'],
    ['half a character', 'Ada \ud83e'],
    ['a megabyte', 'x'.repeat(1_000_000)],
  ])('is not %s', (_what, text) => {
    expect(parseUserName(text)).toBeNull();
  });
});
