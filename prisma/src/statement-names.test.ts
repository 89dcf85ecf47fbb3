import { expect, test } from '@jest/globals';
import { createStatementNames } from './statement-names.ts';

test('a text always has the same name, and no two texts share one', () => {
  const nameOf = createStatementNames();
  const [one, two] = [nameOf('SELECT 1'), nameOf('SELECT 2')];
  expect(one).not.toBe(two);
  expect(nameOf('SELECT 1')).toBe(one);
});

test('however many texts callers make, a connection keeps a bounded number of statements', () => {
  const nameOf = createStatementNames(3);
  const names = Array.from({ length: 100 }, (_, i) => nameOf(`SELECT ${i}`));
  expect(new Set(names.filter((name) => name !== '')).size).toBe(3);
  expect(nameOf('SELECT 0')).toBe(names[0]);
});

test('a very long text is not kept', () => {
  expect(createStatementNames()(`SELECT ${'1,'.repeat(10_000)}1`)).toBe('');
});
