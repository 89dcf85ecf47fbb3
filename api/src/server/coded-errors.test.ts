import { expect, test } from '@jest/globals';
import { GraphQLError } from 'graphql';
import { createErrorCoder, maxMessageCharacters } from './coded-errors.ts';

const codeError = createErrorCoder({ log: { error: () => {} }, suggestions: false });

test('what is said of an error is cut to a thousand characters, its beginning and its end', () => {
  const message = `Variable "$where" got ${'x'.repeat(1e6)} at "where"; it is wrong.`;
  for (const extensions of [{}, { code: 'NOT_FOUND' }, { code: 'BAD_REQUEST' }]) {
    const told = codeError(new GraphQLError(message, { extensions })).message;
    expect(told).toHaveLength(maxMessageCharacters);
    expect(told).toMatch(/^Variable "\$where" got x+…x+ at "where"; it is wrong\.$/);
  }
});

// Looked for in the whole of it they would take minutes.
test('a message that is full of what might be suggestions is cut before they are looked for', () => {
  const message = `${' Did you mean '.repeat(60_000)}x`;
  expect(codeError(new GraphQLError(message)).message).toHaveLength(maxMessageCharacters);
});

test('what Yoga calls a bad request has our code, and a status for every client', () => {
  const http = { spec: true, status: 405, headers: { Allow: 'POST' } };
  const { extensions } = codeError(
    new GraphQLError('No.', { extensions: { code: 'BAD_REQUEST', http, originalError: {} } }),
  );
  expect(extensions).toEqual({ code: 'BAD_USER_INPUT', http: { ...http, spec: false } });
});
