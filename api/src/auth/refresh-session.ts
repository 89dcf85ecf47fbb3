import type { Prisma } from '@sync-hub/prisma/generated/client';
import { BadCredentialsError } from '../errors.ts';
import { actAs } from './acting.ts';
import { dayMs, type Grant, readGrant, sessionExpiry, storeRefreshToken } from './grant.ts';
import { afterLocks, lockSessionOfToken } from './locks.ts';
import { hashRefreshToken } from './refresh-token.ts';
import type { Client, SessionDeps } from './session-deps.ts';

/**
 * Exchanges a refresh token for an access token and the next refresh token.
 *
 *     issued ──exchange──▶ used ──again, within the grace──▶ the same next token (the answer was lost)
 *                            └───again, later──────────────▶ the session is revoked (one of two holders is a thief)
 *
 * Any number of exchanges of one token at once give one and the same next token.
 *
 * @throws BadCredentialsError  no such token, its session is over, or it was used too long ago. Sign in again.
 * @throws RateLimitedError     the same, for a client that had too many of these.
 * @see RFC 9700, section 4.14.2 (refresh token rotation)
 */
export async function refreshSession(deps: SessionDeps, refreshToken: string, client: Client): Promise<Grant> {
  const hash = hashRefreshToken(refreshToken);
  const exchange =
    hash === null
      ? refused
      : // What this decides must be committed also when it is a refusal, so it returns one and throws none.
        await deps.prisma.$transaction((tx) => exchangeToken(tx, deps, { refreshToken, hash }), afterLocks);
  if ('grant' in exchange) return exchange.grant;

  deps.attempts.failedRefresh(client.address);
  throw new BadCredentialsError(
    exchange.refusal === 'reused'
      ? 'The refresh token was used before, so its session was ended. Sign in again.'
      : 'The refresh token is not good any more. Sign in again.',
  );
}

type Exchange = { readonly grant: Grant } | { readonly refusal: 'refused' | 'reused' };
const refused: Exchange = { refusal: 'refused' };

async function exchangeToken(
  tx: Prisma.TransactionClient,
  deps: SessionDeps,
  { refreshToken, hash }: { readonly refreshToken: string; readonly hash: Uint8Array<ArrayBuffer> },
): Promise<Exchange> {
  const session = await lockSessionOfToken(tx, hash);
  if (session === null || !session.live) return refused;
  const use = await readUse(tx, hash, deps.settings.REFRESH_GRACE_SECONDS);
  if (use === null) return refused;

  const { id: sessionId, userId } = session;
  await actAs(tx, { userId, sessionId });
  if (use === 'used') {
    await tx.session.update({ where: { id: sessionId }, data: { revokedAt: new Date() } });
    return { refusal: 'reused' };
  }

  const successor = deps.refreshTokens.successorOf(refreshToken);
  if (use === 'unused') {
    await tx.$executeRaw`UPDATE refresh_tokens SET used_at = clock_timestamp() WHERE hash = ${hash}`;
    await storeRefreshToken(tx, sessionId, successor);
    await prolong(tx, sessionId, deps.settings.SESSION_TTL_DAYS);
  } else if (!(await isStored(tx, successor))) {
    return refused; // JWT_SECRET was changed since the first exchange: its answer cannot be made again.
  }
  return { grant: await readGrant(tx, deps, sessionId, successor) };
}

/** By Postgres's clock, which wrote it. Null when the token went while its session was waited for. */
async function readUse(
  tx: Prisma.TransactionClient,
  hash: Uint8Array,
  graceSeconds: number,
): Promise<'unused' | 'just used' | 'used' | null> {
  const [token] = await tx.$queryRaw<{ use: 'unused' | 'just used' | 'used' }[]>`
    SELECT CASE WHEN used_at IS NULL THEN 'unused'
                WHEN used_at >= clock_timestamp() - make_interval(secs => ${graceSeconds}::float8) THEN 'just used'
                ELSE 'used' END AS use
      FROM refresh_tokens WHERE hash = ${hash}`;
  return token?.use ?? null;
}

async function isStored(tx: Prisma.TransactionClient, refreshToken: string): Promise<boolean> {
  const hash = hashRefreshToken(refreshToken);
  return hash !== null && (await tx.refreshToken.count({ where: { hash } })) === 1;
}

/** At most once a day: a refresh every ten minutes must not be a change in everyone's log. */
async function prolong(tx: Prisma.TransactionClient, sessionId: string, sessionTtlDays: number): Promise<void> {
  const expiresAt = sessionExpiry(sessionTtlDays);
  const aDayEarlier = new Date(expiresAt.getTime() - dayMs);
  await tx.session.updateMany({ where: { id: sessionId, expiresAt: { lt: aDayEarlier } }, data: { expiresAt } });
}
