import { expect, test } from '@jest/globals';
import { createOfLate } from './of-late.ts';

test('who asks for the same is given the same, as long as few others have asked for something else', () => {
  const ofLate = createOfLate<string, { readonly name: string }>(2);
  const make = (name: string) => () => ({ name });
  const first = ofLate('a', make('a'));
  expect(ofLate('a', make('never'))).toBe(first);
  expect(ofLate('b', make('b'))).toEqual({ name: 'b' });
  expect(ofLate('a', make('never'))).toBe(first);
  expect(ofLate('c', make('c'))).toEqual({ name: 'c' });
  expect(ofLate('a', make('anew'))).toEqual({ name: 'anew' });
});
