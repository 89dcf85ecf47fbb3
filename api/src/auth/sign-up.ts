import { randomUUID } from 'node:crypto';
import { ConflictError, type FieldProblem, ValidationError } from '../errors.ts';
import { actAs } from './acting.ts';
import { emailHint, parseEmail } from './email.ts';
import { type Grant, openSession } from './grant.ts';
import { hashPassword, newPasswordProblem } from './passwords.ts';
import type { Client, SessionDeps } from './session-deps.ts';
import { setPassword } from './set-password.ts';
import { userColor } from './user-color.ts';
import { maxUserNameLength, parseUserName } from './user-name.ts';

export interface SignUpInput {
  readonly email: string;
  readonly name: string;
  readonly password: string;
}

/**
 * Makes a user with a first session, all or nothing. The user is a MEMBER, always: only an ADMIN makes an ADMIN.
 *
 * @throws ValidationError   with every field that is wrong.
 * @throws ConflictError     the e-mail is taken, also by one who signs up at the same moment.
 * @throws RateLimitedError  too many sign-ups from this client.
 */
export async function signUp(deps: SessionDeps, input: SignUpInput, client: Client): Promise<Grant> {
  const { email, name } = parseInput(input);
  deps.attempts.signUp(client.address);
  const passwordHash = await hashPassword(input.password);

  const userId = randomUUID();
  const sessionId = randomUUID();
  return deps.prisma.$transaction(async (tx) => {
    await actAs(tx, { userId, sessionId });
    // ON CONFLICT DO NOTHING: one who signs up with the same e-mail at this moment is waited for, then nothing is made.
    const made = await tx.user.createMany({
      data: [{ id: userId, email, name, color: userColor(userId), role: 'MEMBER' }],
      skipDuplicates: true,
    });
    if (made.count === 0) throw new ConflictError('This e-mail is taken. Sign in, or use another.');
    await setPassword(tx, { userId, passwordHash });
    return openSession(tx, deps, { userId, sessionId, client });
  });
}

function parseInput(input: SignUpInput): { email: string; name: string } {
  const problems: FieldProblem[] = [];
  const email = parseEmail(input.email);
  if (email === null) problems.push({ path: 'email', message: emailHint });
  const name = parseUserName(input.name);
  if (name === null) problems.push({ path: 'name', message: `needs 1 to ${maxUserNameLength} printable characters.` });
  const passwordProblem = newPasswordProblem(input.password, email ?? '');
  if (passwordProblem !== null) problems.push({ path: 'password', message: passwordProblem });
  if (email === null || name === null || problems.length > 0) throw new ValidationError(problems);
  return { email, name };
}
