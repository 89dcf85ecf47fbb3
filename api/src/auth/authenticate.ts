import type { Query } from '@sync-hub/prisma/query';
import { createBatch } from '../batch.ts';
import type { AccessTokenFailure, AccessTokens } from './access-token.ts';
import { readLiveSessions, type SessionOfUser } from './live-sessions.ts';

/** The signed-in user of a request or a socket. */
export interface Viewer {
  readonly userId: string;
  readonly sessionId: string;
  /** From then on nothing may be sent to this viewer on the strength of this token. */
  readonly tokenExpiresAt: Date;
}

export type AuthenticationFailure = AccessTokenFailure | 'SESSION_REVOKED';
export type Authentication =
  | { readonly ok: true; readonly viewer: Viewer }
  | { readonly ok: false; readonly code: AuthenticationFailure };

/** Tells who sends a request by its `Authorization` header, or by `authorization` of a `connection_init` payload: `Bearer <token>`. */
export interface Authenticator {
  /**
   * A viewer is given only for a good token whose session is alive at this moment. UNAUTHENTICATED: no token, or none of
   * ours. TOKEN_EXPIRED: refresh, then come again. SESSION_REVOKED: revoked, expired or gone with its user: sign in again.
   * Costs a query, shared by all who come in the same turn, or while others are asked for, and none for a bad token. Rejects
   * only when Postgres does not answer.
   */
  authenticate(authorization: unknown): Promise<Authentication>;
  /** Who the token says. Whether the session is alive has not been asked: see session-proof.ts. Costs no query. */
  readBearer(authorization: unknown): Authentication;
  /** Whether the viewer's session is alive at this moment. Costs what `authenticate` does. */
  isLive(viewer: SessionOfUser): Promise<boolean>;
}

export interface AuthenticatorDeps {
  readonly query: Query;
  readonly accessTokens: AccessTokens;
}

export function createAuthenticator({ query, accessTokens }: AuthenticatorDeps): Authenticator {
  /** Whose each session is, null when it is not alive. */
  const liveUserId = createBatch(async (sessionIds: readonly string[]) => {
    const live = await readLiveSessions(query, [...new Set(sessionIds)]);
    return sessionIds.map((sessionId) => live.get(sessionId) ?? null);
  }, askedAtATime);

  const authenticator: Authenticator = {
    readBearer(authorization) {
      const bearer = typeof authorization === 'string' ? bearerToken.exec(authorization)?.[1] : undefined;
      if (bearer === undefined) return { ok: false, code: 'UNAUTHENTICATED' };
      const reading = accessTokens.read(bearer);
      if (!reading.ok) return reading;
      const { userId, sessionId, expiresAt } = reading.token;
      return { ok: true, viewer: { userId, sessionId, tokenExpiresAt: expiresAt } };
    },
    async isLive({ sessionId, userId }) {
      return (await liveUserId(sessionId)) === userId;
    },
    async authenticate(authorization) {
      const reading = authenticator.readBearer(authorization);
      if (!reading.ok || (await authenticator.isLive(reading.viewer))) return reading;
      return { ok: false, code: 'SESSION_REVOKED' };
    },
  };
  return authenticator;
}

/** A crowd that comes in over many turns costs a handful of queries; one more than what keeps Postgres busy. */
const askedAtATime = { maxUnderWay: 2 };

/** The scheme's name in any case (RFC 9110, section 11.1), the token's characters as RFC 6750, section 2.1 has them. */
const bearerToken = /^bearer +([\w\-.~+/]+=*)$/i;
