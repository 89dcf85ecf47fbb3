import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import type { Query } from '@sync-hub/prisma/query';
import { createAccessTokens } from './access-token.ts';
import { type AttemptLimits, createAttemptLimits } from './attempt-limits.ts';
import type { AuthSettings } from './auth-settings.ts';
import { type Authenticator, createAuthenticator } from './authenticate.ts';
import { createRateLimit } from './rate-limit.ts';
import { createRefreshTokens } from './refresh-token.ts';
import { createSessions, type Sessions } from './sessions.ts';

export interface AuthDeps {
  readonly prisma: PrismaClient;
  /** Over the connections of `prisma`. */
  readonly query: Query;
  readonly settings: AuthSettings;
}

export interface Auth extends Authenticator {
  readonly sessions: Sessions;
  readonly attempts: AttemptLimits;
}

/** Wires the session service of one API process. It holds nothing that needs closing. */
export function createAuth({ prisma, query, settings }: AuthDeps): Auth {
  const secret = settings.JWT_SECRET;
  const accessTokens = createAccessTokens({ secret, ttlSeconds: settings.ACCESS_TOKEN_TTL_SECONDS });
  const refreshTokens = createRefreshTokens({ secret });
  const rateLimit = createRateLimit({ maxBuckets: settings.RATE_LIMIT_MAX_BUCKETS });
  const attempts = createAttemptLimits({ rateLimit, settings });
  return {
    ...createAuthenticator({ query, accessTokens }),
    attempts,
    sessions: createSessions({ prisma, accessTokens, refreshTokens, attempts, settings }),
  };
}
