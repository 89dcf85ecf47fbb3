import { expect, test } from '@jest/globals';
import { storedTokens } from './stored-tokens.ts';

function memory() {
  const held = new Map<string, string>();
  return {
    getItem: (key: string) => held.get(key) ?? null,
    setItem: (key: string, value: string) => void held.set(key, value),
    removeItem: (key: string) => void held.delete(key),
  };
}
const tokens = { accessToken: 'a', accessTokenExpiresAt: '2026-11-24T00:00:00.000Z', refreshToken: 'r' };

test('tokens are found after a reload, until the session is over', () => {
  const storage = memory();
  expect(storedTokens(storage).tokens).toBeNull();
  storedTokens(storage).onTokens(tokens);
  expect(storedTokens(storage).tokens).toEqual(tokens);
  storedTokens(storage).onTokens(null);
  expect(storedTokens(storage).tokens).toBeNull();
});
