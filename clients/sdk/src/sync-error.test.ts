import { expect, test } from '@jest/globals';
import { SyncError, toSyncError } from './sync-error.ts';

const errors = [{ message: 'Not yours', extensions: { code: 'FORBIDDEN' } }];
const expired = new SyncError('TOKEN_EXPIRED', 'Too late');

test.each<[string, unknown, string]>([
  ['GraphQL errors', errors, 'FORBIDDEN'],
  ["GraphQL errors in urql's error", Object.assign(new Error(), { graphQLErrors: errors }), 'FORBIDDEN'],
  ["GraphQL errors in Apollo's error", Object.assign(new Error(), { errors }), 'FORBIDDEN'],
  [
    "what a socket or fetch threw, in urql's error",
    Object.assign(new Error(), { networkError: expired }),
    'TOKEN_EXPIRED',
  ],
  ['a failed fetch', new TypeError('Failed to fetch'), 'NETWORK'],
  ['several failures at once', new AggregateError([new TypeError('Failed to fetch')]), 'NETWORK'],
  ['a code that this SDK does not know', [{ message: 'New', extensions: { code: 'LATER' } }], 'INTERNAL'],
])('%s has a code to act on', (_, cause, code) => {
  expect(toSyncError(cause).code).toBe(code);
});

test('a wrong password is no end of the session', () => {
  expect(new SyncError('BAD_CREDENTIALS', 'The password is wrong').endsSession).toBe(false);
});
