import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import type { AccessTokens } from './access-token.ts';
import type { AttemptLimits } from './attempt-limits.ts';
import type { RefreshTokens } from './refresh-token.ts';

export interface SessionSettings {
  /** SESSION_TTL_DAYS: a session that is not refreshed for so long is over, and its refresh token with it. */
  readonly sessionTtlDays: number;
  /** REFRESH_GRACE_SECONDS: so long after its first exchange a refresh token may be exchanged again, for a lost answer. */
  readonly refreshGraceSeconds: number;
}

export const defaultSessionSettings: SessionSettings = { sessionTtlDays: 30, refreshGraceSeconds: 30 };

/** What every part of the session service is given. */
export interface SessionDeps {
  readonly prisma: PrismaClient;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly attempts: AttemptLimits;
  readonly settings: SessionSettings;
}

/** Where a call comes from. */
export interface Client {
  /** IP address, as far as it can be trusted. */
  readonly address: string;
  readonly userAgent: string | null;
}
