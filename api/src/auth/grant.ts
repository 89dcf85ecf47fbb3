import type { Prisma, Session, User } from '@sync-hub/prisma/generated/client';
import type { IssuedAccessToken } from './access-token.ts';
import { hashRefreshToken } from './refresh-token.ts';
import type { Client, SessionDeps } from './session-deps.ts';

/** What a client gets that has proved who it is: `AuthPayload`. */
export interface Grant extends IssuedAccessToken {
  readonly refreshToken: string;
  readonly user: User;
  readonly session: Session;
}

/** Opens a session. Call `actAs` with the same ids first. */
export async function openSession(
  tx: Prisma.TransactionClient,
  deps: SessionDeps,
  { userId, sessionId, client }: { readonly userId: string; readonly sessionId: string; readonly client: Client },
): Promise<Grant> {
  const userAgent = client.userAgent?.slice(0, maxUserAgentCharacters) ?? null;
  const expiresAt = sessionExpiry(deps.settings.SESSION_TTL_DAYS);
  await tx.session.create({ data: { id: sessionId, userId, userAgent, expiresAt } });
  const refreshToken = deps.refreshTokens.first();
  await storeRefreshToken(tx, sessionId, refreshToken);
  return readGrant(tx, deps, sessionId, refreshToken);
}

/** Makes a token good for its session: of the token itself only the hash is stored. */
export async function storeRefreshToken(
  tx: Prisma.TransactionClient,
  sessionId: string,
  refreshToken: string,
): Promise<void> {
  const hash = hashRefreshToken(refreshToken);
  if (hash === null) throw new TypeError('not a refresh token');
  await tx.refreshToken.create({ data: { hash, sessionId } });
}

/** A fresh access token for the session, with all that the client is told along with it. */
export async function readGrant(
  tx: Prisma.TransactionClient,
  { accessTokens }: SessionDeps,
  sessionId: string,
  refreshToken: string,
): Promise<Grant> {
  const { user, ...session } = await tx.session.findUniqueOrThrow({
    where: { id: sessionId },
    include: { user: true },
  });
  return { ...accessTokens.issue({ userId: user.id, sessionId }), refreshToken, user, session };
}

/** When a session that is opened or refreshed now will be over, if it is not refreshed again. */
export function sessionExpiry(sessionTtlDays: number): Date {
  return new Date(Date.now() + sessionTtlDays * dayMs);
}

export const dayMs = 86_400_000;
const maxUserAgentCharacters = 256;
