import { expect, test } from '@jest/globals';
import { parse } from 'graphql';
import { createEqualVariables } from './equal-variables.ts';

const subscription = { document: parse('subscription { tasks }'), operationName: null };

test('who subscribes with equal variables has the same ones', () => {
  const equal = createEqualVariables();
  const first = { where: { id: 1 } };
  expect(equal(first, subscription)).toBe(first);
  expect(equal({ where: { id: 1 } }, subscription)).toBe(first);
  const other = { where: { id: 2 } };
  expect(equal(other, subscription)).toBe(other);
  expect(equal(undefined, subscription)).toBeUndefined();
});

test('of a query or mutation nothing is kept, also where its document has a subscription, too', () => {
  const equal = createEqualVariables();
  const document = parse('subscription A { tasks } mutation B { signIn }');
  const given = () => ({ password: 'correct horse' });
  equal(given(), { document, operationName: 'A' });
  const mine = given();
  expect(equal(mine, { document, operationName: 'B' })).toBe(mine);
});

test('long ones are their subscription’s own, and of many the last', () => {
  const equal = createEqualVariables();
  const long = () => ({ after: 'x'.repeat(2_000) });
  equal(long(), subscription);
  const mine = long();
  expect(equal(mine, subscription)).toBe(mine);
  const first = { id: 0 };
  equal(first, subscription);
  for (let id = 1; id <= 100; id += 1) equal({ id }, subscription);
  expect(equal({ id: 0 }, subscription)).not.toBe(first);
});
