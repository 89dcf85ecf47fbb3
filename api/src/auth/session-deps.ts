import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import type { AccessTokens } from './access-token.ts';
import type { AttemptLimits } from './attempt-limits.ts';
import type { AuthSettings } from './auth-settings.ts';
import type { RefreshTokens } from './refresh-token.ts';

/** What every part of the session service is given. */
export interface SessionDeps {
  readonly prisma: PrismaClient;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly attempts: AttemptLimits;
  readonly settings: Pick<AuthSettings, 'SESSION_TTL_DAYS' | 'REFRESH_GRACE_SECONDS'>;
}

/** Where a call comes from. */
export interface Client {
  /** IP address, as far as it can be trusted. */
  readonly address: string;
  readonly userAgent: string | null;
}
