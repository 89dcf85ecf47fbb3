import { expect, test } from '@jest/globals';
import { task } from '../schema/task.ts';
import { cutChanges, type FrameChange } from './frame.ts';

function change(key: string, title: string): FrameChange {
  return {
    model: task,
    operation: 'CREATED',
    key,
    row: { __typename: 'Task', id: key, title },
    previous: null,
    changedFields: [],
  };
}
const cut = (changes: readonly FrameChange[], bounds: { maxChanges: number; maxBytes: number }) =>
  cutChanges(changes, bounds).map((piece) => piece.map(({ key }) => key));

test('changes are cut by their number', () => {
  const changes = ['a', 'b', 'c', 'd', 'e'].map((key) => change(key, ''));
  expect(cut(changes, { maxChanges: 2, maxBytes: 1e6 })).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
});

test('changes are cut by their bytes; one that alone is over the bound goes alone', () => {
  const changes = [
    change('a', ''),
    change('b', ''),
    change('c', 'x'.repeat(2_000)),
    change('d', ''),
    change('e', 'é'.repeat(400)),
  ];
  expect(cut(changes, { maxChanges: 100, maxBytes: 1_000 })).toEqual([['a', 'b'], ['c'], ['d'], ['e']]);
});

test('no changes are one empty piece', () => {
  expect(cut([], { maxChanges: 1, maxBytes: 1 })).toEqual([[]]);
});
