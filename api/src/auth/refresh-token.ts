import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';

export interface RefreshTokens {
  /** The first token of a new session: 256 random bits. */
  first(): string;
  /**
   * The one token that this one is exchanged for.
   *
   * Derived, not drawn, so that a repeated exchange gives the same answer although only hashes are stored. A session's
   * tokens are then always one chain: a thief and the owner who exchange the same token hold the same next one, and
   * whichever of them comes second to use it is found out. Drawn anew, a repeat would start a second chain, in which
   * a thief would never be seen.
   */
  successorOf(token: string): string;
}

/** @param secret  JWT_SECRET; the key of the chain is derived from it and serves nothing else. */
export function createRefreshTokens({ secret }: { readonly secret: string }): RefreshTokens {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'refresh token successor', tokenBytes));
  return {
    first: () => randomBytes(tokenBytes).toString('base64url'),
    successorOf: (token) => createHmac('sha256', key).update(token).digest('base64url'),
  };
}

/**
 * What is stored of a token, or null for a text that cannot be one.
 *
 * One round of SHA-256 is enough: unlike a password, 256 random bits cannot be guessed.
 */
export function hashRefreshToken(token: string): Uint8Array<ArrayBuffer> | null {
  return /^[\w-]{43}$/.test(token) ? new Uint8Array(createHash('sha256').update(token).digest()) : null;
}

const tokenBytes = 32;
