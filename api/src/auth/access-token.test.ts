import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import jsonwebtoken from 'jsonwebtoken';
import { accessTokenAudience, accessTokenIssuer, createAccessTokens } from './access-token.ts';

const secret = 'a secret of thirty-two bytes, yes';
const tokens = createAccessTokens({ secret, ttlSeconds: 600 });
const subject = { userId: randomUUID(), sessionId: randomUUID() };
const unauthenticated = { ok: false, code: 'UNAUTHENTICATED' };

/** A good token's claims, to be spoilt one at a time. */
function claims(): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1_000);
  return {
    iss: accessTokenIssuer,
    aud: accessTokenAudience,
    sub: subject.userId,
    sid: subject.sessionId,
    jti: randomUUID(),
    iat: now,
    exp: now + 600,
  };
}

function signed(payload: unknown, header: object = { alg: 'HS256', typ: 'JWT' }): string {
  const body = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

describe('an access token', () => {
  test('says whose it is, of which session, and until when', () => {
    const { accessToken, accessTokenExpiresAt } = tokens.issue(subject);
    expect(tokens.read(accessToken)).toEqual({ ok: true, token: { ...subject, expiresAt: accessTokenExpiresAt } });
    expect(accessTokenExpiresAt.getTime() - Date.now()).toBeGreaterThan(598_000);
  });

  test('is unlike every other', () => {
    expect(tokens.issue(subject).accessToken).not.toBe(tokens.issue(subject).accessToken);
  });

  test('is good until the second it expires, then expired', () => {
    let now = 1_800_000_000_000;
    const clocked = createAccessTokens({ secret, ttlSeconds: 300, now: () => now });
    const { accessToken, accessTokenExpiresAt } = clocked.issue(subject);
    now = accessTokenExpiresAt.getTime() - 1;
    expect(clocked.read(accessToken).ok).toBe(true);
    now += 1;
    expect(clocked.read(accessToken)).toEqual({ ok: false, code: 'TOKEN_EXPIRED' });
  });

  test('signed by hand with all claims is good: the ones below fail for what is wrong with them', () => {
    expect(tokens.read(signed(claims())).ok).toBe(true);
  });
});

describe('nobody is let in by', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });

  test.each<[string, () => string]>([
    ['an unsigned token (alg none)', () => jsonwebtoken.sign(claims(), null, { algorithm: 'none' })],
    ['a token whose header says none, signature kept', () => signed(claims(), { alg: 'none', typ: 'JWT' })],
    ['another algorithm with our secret', () => jsonwebtoken.sign(claims(), secret, { algorithm: 'HS512' })],
    ['an asymmetric algorithm', () => jsonwebtoken.sign(claims(), privateKey, { algorithm: 'RS256' })],
    [
      'a public key used as the secret',
      () => jsonwebtoken.sign(claims(), publicKey.export({ type: 'spki', format: 'pem' }), { algorithm: 'HS256' }),
    ],
    ['another secret', () => jsonwebtoken.sign(claims(), `${secret}!`, { algorithm: 'HS256' })],
    ['a token for another audience', () => signed({ ...claims(), aud: 'elsewhere' })],
    ['an expired token for another audience', () => signed({ ...claims(), aud: 'elsewhere', exp: 1 })],
    ['a token of another issuer', () => signed({ ...claims(), iss: 'someone' })],
    ['a token not good yet', () => signed({ ...claims(), nbf: Math.floor(Date.now() / 1_000) + 60 })],
    ['an expiry that is a text', () => signed({ ...claims(), exp: '9999999999' })],
    ['a session that is no UUID', () => signed({ ...claims(), sid: "' OR true --" })],
    ['a payload of null', () => signed(null)],
    ['a payload that is a text', () => signed('admin')],
    ['a megabyte', () => signed({ ...claims(), more: 'x'.repeat(1_000_000) })],
    ['nothing', () => ''],
    ['two dots', () => '..'],
  ])('%s', (_name, forge) => {
    expect(tokens.read(forge())).toEqual(unauthenticated);
  });

  test.each(['iss', 'aud', 'sub', 'sid', 'jti', 'exp'])('a token without %s', (claim) => {
    const { [claim]: _, ...rest } = claims();
    expect(tokens.read(signed(rest))).toEqual(unauthenticated);
  });

  test('any text', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.array(fc.base64String(), { maxLength: 4 }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(tokens.read(typeof text === 'string' ? text : text.join('.'))).toEqual(unauthenticated);
      }),
    );
  });

  test('any claims that are not ours, rightly signed', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(tokens.read(signed(JSON.parse(json)))).toEqual(unauthenticated);
      }),
    );
  });

  test('a good token with one character of it changed', () => {
    const { accessToken } = tokens.issue(subject);
    // The last character of a part may carry bits that decode to nothing: the signature's is left out.
    const places = fc.integer({ min: 0, max: accessToken.length - 2 });
    fc.assert(
      fc.property(places, fc.constantFrom('A', 'B', '-', '.', '=', ' ', 'é'), (place, character) => {
        fc.pre(accessToken[place] !== character);
        const changed = accessToken.slice(0, place) + character + accessToken.slice(place + 1);
        expect(tokens.read(changed)).toEqual(unauthenticated);
      }),
    );
  });
});

describe('access tokens are not issued', () => {
  test('with a secret shorter than 32 bytes', () => {
    expect(() => createAccessTokens({ secret: 'x'.repeat(31), ttlSeconds: 600 })).toThrow(RangeError);
  });

  test.each([0, 299, 901, Number.NaN])('for %s seconds', (ttlSeconds) => {
    expect(() => createAccessTokens({ secret, ttlSeconds })).toThrow(RangeError);
  });
});
