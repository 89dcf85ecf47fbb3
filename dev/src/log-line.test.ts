import { expect, test } from '@jest/globals';
import { readableLine } from './log-line.ts';

const line = (entry: object) =>
  readableLine('api', JSON.stringify({ time: 'now', pid: 1, hostname: 'h', name: 'api', ...entry }));
const err = { type: 'Error', message: 'no answer', stack: 'Error: no answer\n    at ask (ask.ts:1:1)' };

test('a message is read with its fields, and with its level when that is not usual', () => {
  expect(line({ level: 'info', msg: 'listening', port: 4000 })).toBe('api       listening {"port":4000}');
  expect(line({ level: 'warn', msg: 'late' })).toBe('api       warn: late');
});

test('an error comes with its stack, a warning and the reason of an end with the message alone', () => {
  expect(line({ level: 'error', msg: 'failed', err })).toBe(`api       error: failed\n${err.stack}`);
  expect(line({ level: 'warn', msg: 'again', err })).toBe('api       warn: again: no answer');
  expect(line({ level: 'fatal', msg: 'cannot start', err })).toBe('api       fatal: cannot start: no answer');
});

test('what is not a line of JSON stays as it is', () => {
  expect(readableLine('api', '2 settings are wrong:')).toBe('api       2 settings are wrong:');
  expect(readableLine('api', '7')).toBe('api       7');
});
