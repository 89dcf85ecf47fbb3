import { createSecretKey, randomUUID } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';
import { LRUCache } from 'lru-cache';

/** What an access token says once its signature and every claim have been checked. */
export interface AccessToken {
  readonly userId: string;
  readonly sessionId: string;
  readonly expiresAt: Date;
}

export type AccessTokenFailure = 'UNAUTHENTICATED' | 'TOKEN_EXPIRED';
export type AccessTokenReading =
  | { readonly ok: true; readonly token: AccessToken }
  | { readonly ok: false; readonly code: AccessTokenFailure };

export interface IssuedAccessToken {
  readonly accessToken: string;
  readonly accessTokenExpiresAt: Date;
}

export interface AccessTokens {
  /** A token for one session. What it says holds until it expires; whether the session lives is asked of Postgres. */
  issue(subject: { readonly userId: string; readonly sessionId: string }): IssuedAccessToken;
  /** TOKEN_EXPIRED only for a token that was once good in every other respect; anything else is UNAUTHENTICATED. Never throws. */
  read(token: string): AccessTokenReading;
}

export interface AccessTokenDeps {
  /** JWT_SECRET, at least 32 bytes: an HS256 key shorter than its hash can be searched for (RFC 7518, section 3.2). */
  readonly secret: string;
  /** ACCESS_TOKEN_TTL_SECONDS, 300 to 900. */
  readonly ttlSeconds: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

const minSecretBytes = 32;
export const accessTokenIssuer = 'real-time-sync-hub';
export const accessTokenAudience = 'real-time-sync-hub/graphql';

const algorithm = 'HS256';
/** Ours are about 400; nothing longer is worth a decode. */
const maxTokenCharacters = 2_048;
/** Some 1 KB each. */
const maxKnownTokens = 1_000;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Issues and reads the JWTs that clients send with every request.
 *
 * @throws RangeError when the secret or the lifetime is out of bounds.
 * @see RFC 8725 (JWT best current practices): one algorithm, issuer, audience and expiry are all demanded.
 */
export function createAccessTokens({ secret, ttlSeconds, now = Date.now }: AccessTokenDeps): AccessTokens {
  if (Buffer.byteLength(secret) < minSecretBytes) throw new RangeError(`the secret has under ${minSecretBytes} bytes`);
  if (!(ttlSeconds >= 300 && ttlSeconds <= 900))
    throw new RangeError(`a lifetime of ${ttlSeconds} s is not 300 to 900`);
  const key = createSecretKey(Buffer.from(secret));
  // Of those that come with every request. What a signature vouches for does not change; the time is judged each time.
  const verified = new LRUCache<string, AccessToken>({ max: maxKnownTokens });

  return {
    issue({ userId, sessionId }) {
      const issuedAt = Math.floor(now() / 1_000);
      const expiresAt = issuedAt + ttlSeconds;
      const accessToken = jsonwebtoken.sign({ sid: sessionId, iat: issuedAt, exp: expiresAt }, key, {
        algorithm,
        issuer: accessTokenIssuer,
        audience: accessTokenAudience,
        subject: userId,
        jwtid: randomUUID(),
      });
      return { accessToken, accessTokenExpiresAt: new Date(expiresAt * 1_000) };
    },

    read(text) {
      const known = verified.get(text);
      const token = known ?? (text.length <= maxTokenCharacters ? readVerified(text) : null);
      if (token === null) return { ok: false, code: 'UNAUTHENTICATED' };
      if (known === undefined) verified.set(text, token);
      if (token.expiresAt.getTime() <= now()) return { ok: false, code: 'TOKEN_EXPIRED' };
      return { ok: true, token };
    },
  };

  function readVerified(text: string): AccessToken | null {
    try {
      const claims = jsonwebtoken.verify(text, key, {
        algorithms: [algorithm],
        issuer: accessTokenIssuer,
        audience: accessTokenAudience,
        // The library looks at `exp` before issuer and audience, and takes a token without one: read() judges it last.
        ignoreExpiration: true,
        clockTimestamp: Math.floor(now() / 1_000),
      });
      return parseClaims(claims);
    } catch {
      // Not only JsonWebTokenError: a payload of `null` makes the library throw a TypeError.
      return null;
    }
  }
}

function parseClaims(claims: unknown): AccessToken | null {
  if (typeof claims !== 'object' || claims === null) return null;
  const { sub, sid, jti, exp } = claims as Record<string, unknown>;
  if (!isUuid(sub) || !isUuid(sid) || !isUuid(jti) || !Number.isSafeInteger(exp)) return null;
  return { userId: sub, sessionId: sid, expiresAt: new Date(Number(exp) * 1_000) };
}

function isUuid(value: unknown): value is string {
  return typeof value === 'string' && uuid.test(value);
}
