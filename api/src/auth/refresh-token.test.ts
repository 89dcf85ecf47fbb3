import { describe, expect, test } from '@jest/globals';
import { createRefreshTokens, hashRefreshToken } from './refresh-token.ts';

const secret = 'a secret of thirty-two bytes, yes';
const tokens = createRefreshTokens({ secret });

describe('a refresh token', () => {
  test('is drawn anew for each session, 256 bits, URL-safe', () => {
    const drawn = new Set(Array.from({ length: 100 }, () => tokens.first()));
    expect(drawn.size).toBe(100);
    for (const token of drawn) expect(token).toMatch(/^[\w-]{43}$/);
  });

  test('has one successor, the same from every API process', () => {
    const token = tokens.first();
    expect(createRefreshTokens({ secret }).successorOf(token)).toBe(tokens.successorOf(token));
    expect(tokens.successorOf(token)).not.toBe(token);
    expect(hashRefreshToken(tokens.successorOf(token))).not.toBeNull();
  });

  test('has a successor that nobody can tell without the secret', () => {
    const token = tokens.first();
    expect(createRefreshTokens({ secret: `${secret}!` }).successorOf(token)).not.toBe(tokens.successorOf(token));
  });

  test('is stored as a hash that does not hold it', () => {
    const token = tokens.first();
    const hash = Buffer.from(hashRefreshToken(token) ?? []);
    expect(hash).toHaveLength(32);
    expect(hash.equals(Buffer.from(token, 'base64url'))).toBe(false);
  });

  test.each(['', 'x', `${'x'.repeat(43)}\n`, 'x'.repeat(44), 'x'.repeat(1_000_000)])('is no such text %#', (text) => {
    expect(hashRefreshToken(text)).toBeNull();
  });
});
