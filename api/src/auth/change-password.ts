import { BadCredentialsError, ValidationError } from '../errors.ts';
import { actInSession } from './acting.ts';
import type { Viewer } from './authenticate.ts';
import { type Grant, readGrant, storeRefreshToken } from './grant.ts';
import { afterLocks, lockUser } from './locks.ts';
import { hashPassword, newPasswordProblem, verifyPassword } from './passwords.ts';
import type { Client, SessionDeps } from './session-deps.ts';
import { setPassword } from './set-password.ts';

export interface ChangePasswordInput {
  readonly currentPassword: string;
  readonly newPassword: string;
}

/**
 * Changes the viewer's password and ends every other session.
 *
 * This session goes on with the refresh token that is returned; no earlier one is good any more.
 *
 * @throws ValidationError      the new password cannot be taken; nothing was checked.
 * @throws BadCredentialsError  the current password is wrong, or was changed at the same moment.
 * @throws SESSION_REVOKED      this session has ended.
 * @throws RateLimitedError     too many wrong ones: they count together with failed sign-ins.
 */
export async function changePassword(
  deps: SessionDeps,
  viewer: Viewer,
  { currentPassword, newPassword }: ChangePasswordInput,
  client: Client,
): Promise<Grant> {
  const { userId, sessionId } = viewer;
  const found = await deps.prisma.user.findUnique({ where: { id: userId }, include: { secret: true } });
  if (found === null || found.secret === null) throw wrong();
  const verifiedHash = found.secret.passwordHash;
  const problem = newPasswordProblem(newPassword, found.email);
  if (problem !== null) throw new ValidationError([{ path: 'newPassword', message: problem }]);

  return deps.attempts.password(found.email, client.address, async () => {
    if (!(await verifyPassword(verifiedHash, currentPassword))) throw wrong();
    const passwordHash = await hashPassword(newPassword);
    return deps.prisma.$transaction(async (tx) => {
      await actInSession(tx, viewer);
      await lockUser(tx, userId);
      if ((await tx.userSecret.count({ where: { userId, passwordHash: verifiedHash } })) === 0) throw wrong();
      await setPassword(tx, { userId, passwordHash, keepSessionId: sessionId });
      const refreshToken = deps.refreshTokens.first();
      await storeRefreshToken(tx, sessionId, refreshToken);
      return readGrant(tx, deps, sessionId, refreshToken);
    }, afterLocks);
  });
}

function wrong(): BadCredentialsError {
  return new BadCredentialsError('The current password is wrong.');
}
