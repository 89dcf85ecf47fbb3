import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import { createAccessTokens } from './access-token.ts';
import { type AttemptSettings, createAttemptLimits, defaultAttemptSettings } from './attempt-limits.ts';
import { type Authenticate, createAuthenticate } from './authenticate.ts';
import { createRateLimit } from './rate-limit.ts';
import { createRefreshTokens } from './refresh-token.ts';
import { defaultSessionSettings, type SessionSettings } from './session-deps.ts';
import { createSessions, type Sessions } from './sessions.ts';

/** Every setting of this folder; each names its environment variable where it is declared. */
export interface AuthSettings extends SessionSettings, AttemptSettings {
  /** ACCESS_TOKEN_TTL_SECONDS, 300 to 900: for so long a token is good, as long as its session lives. */
  readonly accessTokenTtlSeconds: number;
  /** RATE_LIMIT_MAX_BUCKETS: how many e-mails and clients attempts are counted for at most. */
  readonly rateLimitMaxBuckets: number;
}

export const defaultAuthSettings: AuthSettings = {
  ...defaultSessionSettings,
  ...defaultAttemptSettings,
  accessTokenTtlSeconds: 600,
  rateLimitMaxBuckets: 50_000,
};

export interface AuthDeps {
  readonly prisma: PrismaClient;
  /** JWT_SECRET, at least 32 bytes, the same in every API process. */
  readonly secret: string;
  readonly settings: AuthSettings;
}

export interface Auth {
  readonly authenticate: Authenticate;
  readonly sessions: Sessions;
}

/** Wires the session service of one API process. Holds nothing that needs closing. */
export function createAuth({ prisma, secret, settings }: AuthDeps): Auth {
  const accessTokens = createAccessTokens({ secret, ttlSeconds: settings.accessTokenTtlSeconds });
  const refreshTokens = createRefreshTokens({ secret });
  const rateLimit = createRateLimit({ maxBuckets: settings.rateLimitMaxBuckets });
  const attempts = createAttemptLimits({ rateLimit, settings });
  return {
    authenticate: createAuthenticate({ prisma, accessTokens }),
    sessions: createSessions({ prisma, accessTokens, refreshTokens, attempts, settings }),
  };
}
