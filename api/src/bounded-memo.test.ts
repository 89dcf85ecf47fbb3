import { expect, test } from '@jest/globals';
import { createBoundedMemo } from './bounded-memo.ts';

test('who asks for the same is given the same, as long as few others have asked for something else', () => {
  const memo = createBoundedMemo<string, { readonly name: string }>(2);
  const make = (name: string) => () => ({ name });
  const first = memo('a', make('a'));
  expect(memo('a', make('never'))).toBe(first);
  expect(memo('b', make('b'))).toEqual({ name: 'b' });
  expect(memo('a', make('never'))).toBe(first);
  expect(memo('c', make('c'))).toEqual({ name: 'c' });
  expect(memo('a', make('anew'))).toEqual({ name: 'anew' });
});
