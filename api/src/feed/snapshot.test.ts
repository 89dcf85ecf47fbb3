import { expect, test } from '@jest/globals';
import { parseSnapshot } from './snapshot.ts';

test('a snapshot sees what had ended, not what was running nor what came later', () => {
  const snapshot = parseSnapshot('10:15:11,13');
  const seen = [9n, 10n, 11n, 12n, 13n, 14n, 15n, 16n].filter((xid) => snapshot.sees(xid));
  expect(seen).toEqual([9n, 10n, 12n, 14n]);
});

test('a snapshot without running transactions sees everything below its end', () => {
  const snapshot = parseSnapshot('10:10:');
  expect(snapshot.sees(9n)).toBe(true);
  expect(snapshot.sees(10n)).toBe(false);
});

test('xids beyond 2^53 are told apart', () => {
  const snapshot = parseSnapshot('9007199254740993:9007199254740993:');
  expect(snapshot.sees(9007199254740992n)).toBe(true);
  expect(snapshot.sees(9007199254740993n)).toBe(false);
});
