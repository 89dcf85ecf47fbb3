import { randomUUID } from 'node:crypto';
import { BadCredentialsError } from '../errors.ts';
import { actAs } from './acting.ts';
import { parseEmail } from './email.ts';
import { type Grant, openSession } from './grant.ts';
import { afterLocks, lockUser } from './locks.ts';
import { verifyPassword } from './passwords.ts';
import type { Client, SessionDeps } from './session-deps.ts';

export interface SignInInput {
  readonly email: string;
  readonly password: string;
}

/**
 * Opens a session for whoever knows the password.
 *
 * An unknown e-mail and a wrong password cannot be told apart, neither by the answer nor by the time it takes.
 *
 * @throws BadCredentialsError
 * @throws RateLimitedError  too many failures, whether or not this one would have been.
 */
export async function signIn(deps: SessionDeps, input: SignInInput, client: Client): Promise<Grant> {
  const email = parseEmail(input.email);
  return deps.attempts.password(email, client.address, async () => {
    const { userId, passwordHash } = await checkPassword(deps, email, input.password);
    const sessionId = randomUUID();
    return deps.prisma.$transaction(async (tx) => {
      await actAs(tx, { userId, sessionId });
      // The password may have been changed while it was checked: no session may be opened with the old one after that.
      await lockUser(tx, userId);
      if ((await tx.userSecret.count({ where: { userId, passwordHash } })) === 0) throw wrong();
      return openSession(tx, deps, { userId, sessionId, client });
    }, afterLocks);
  });
}

interface Secret {
  readonly userId: string;
  readonly passwordHash: string;
}

async function checkPassword({ prisma }: SessionDeps, email: string | null, password: string): Promise<Secret> {
  // One query, whether or not there is such a user: `include` would send a second one for those that are.
  const [secret] = await prisma.$queryRaw<Secret[]>`
    SELECT secret.user_id AS "userId", secret.password_hash AS "passwordHash"
      FROM users JOIN user_secrets secret ON secret.user_id = users.id
     WHERE users.email = ${email ?? ''}`;
  const matches = await verifyPassword(secret?.passwordHash ?? null, password);
  if (secret === undefined || !matches) throw wrong();
  return secret;
}

function wrong(): BadCredentialsError {
  return new BadCredentialsError('The e-mail or the password is wrong.');
}
