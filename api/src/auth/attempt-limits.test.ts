import { describe, expect, test } from '@jest/globals';
import { BadCredentialsError, NotFoundError, RateLimitedError } from '../errors.ts';
import { type AttemptLimits, createAttemptLimits } from './attempt-limits.ts';
import { createRateLimit } from './rate-limit.ts';

const settings = {
  SIGN_IN_FAILURES_PER_EMAIL_AND_CLIENT_PER_HOUR: 2,
  SIGN_IN_FAILURES_PER_EMAIL_PER_HOUR: 5,
  SIGN_IN_FAILURES_PER_CLIENT_PER_HOUR: 4,
  SIGN_UPS_PER_CLIENT_PER_HOUR: 2,
  UNKNOWN_EMAILS_PER_USER_PER_HOUR: 2,
  REFRESH_FAILURES_PER_CLIENT_PER_HOUR: 2,
};
const ada = 'ada@example.com';

function limits(): AttemptLimits {
  return createAttemptLimits({ rateLimit: createRateLimit({ maxBuckets: 100, now: () => 0 }), settings });
}

/** @returns whether the guess was let through (and was wrong), or was stopped. */
async function guess(attempts: AttemptLimits, email: string | null, client: string): Promise<'wrong' | 'stopped'> {
  const check = () => Promise.reject(new BadCredentialsError('wrong'));
  const error: unknown = await attempts.password(email, client, check).catch((reason: unknown) => reason);
  return error instanceof RateLimitedError ? 'stopped' : 'wrong';
}

describe('whoever guesses passwords', () => {
  test('of one e-mail from one client is stopped, and told when to come back', async () => {
    const attempts = limits();
    expect(await guess(attempts, ada, '192.0.2.1')).toBe('wrong');
    expect(await guess(attempts, ada, '192.0.2.1')).toBe('wrong');
    expect(await guess(attempts, ada, '192.0.2.1')).toBe('stopped');
    const right = attempts.password(ada, '192.0.2.1', async () => 'right');
    await expect(right).rejects.toMatchObject({ retryAfterSeconds: 1_800 });
  });

  test('does not use up what others may guess', async () => {
    const attempts = limits();
    for (const client of ['192.0.2.1', '192.0.2.2', '192.0.2.3'])
      for (const _ of [1, 2]) await guess(attempts, ada, client);
    // The e-mail's are spent: nobody looks at a password for it, so none is counted against this client.
    for (const _ of [1, 2, 3]) expect(await guess(attempts, ada, '192.0.2.9')).toBe('stopped');
    for (const name of ['a', 'b', 'c', 'd'])
      expect(await guess(attempts, `${name}@example.com`, '192.0.2.9')).toBe('wrong');
  });

  test('all at once is stopped as soon', async () => {
    const attempts = limits();
    const guesses = await Promise.all([1, 2, 3, 4, 5].map(() => guess(attempts, ada, '192.0.2.1')));
    expect(guesses.filter((outcome) => outcome === 'wrong')).toHaveLength(2);
  });

  test('of many e-mails from one client is stopped', async () => {
    const attempts = limits();
    for (const name of ['a', 'b', 'c', 'd']) {
      expect(await guess(attempts, `${name}@example.com`, '192.0.2.1')).toBe('wrong');
    }
    expect(await guess(attempts, 'e@example.com', '192.0.2.1')).toBe('stopped');
    expect(await guess(attempts, null, '192.0.2.1')).toBe('stopped');
  });

  test('of one e-mail from many clients is stopped', async () => {
    const attempts = limits();
    for (let client = 0; client < 5; client += 1) expect(await guess(attempts, ada, `192.0.2.${client}`)).toBe('wrong');
    expect(await guess(attempts, ada, '192.0.2.100')).toBe('stopped');
  });

  test('cannot lock the owner out from one client', async () => {
    const attempts = limits();
    for (let time = 0; time < 100; time += 1) await guess(attempts, ada, '192.0.2.1');
    expect(await attempts.password(ada, '192.0.2.2', async () => 'right')).toBe('right');
  });
});

describe('a password that is', () => {
  test('right is not counted', async () => {
    const attempts = limits();
    for (let time = 0; time < 100; time += 1) await attempts.password(ada, '192.0.2.1', async () => 'right');
  });

  test('not checked, because something of ours failed, is not counted', async () => {
    const attempts = limits();
    const check = () => Promise.reject(new Error('Postgres is away'));
    for (let time = 0; time < 100; time += 1) {
      await expect(attempts.password(ada, '192.0.2.1', check)).rejects.toThrow('Postgres is away');
    }
  });
});

describe('one client', () => {
  test('signs up so many times', () => {
    const attempts = limits();
    attempts.signUp('192.0.2.1');
    attempts.signUp('192.0.2.1');
    expect(() => attempts.signUp('192.0.2.1')).toThrow(RateLimitedError);
    expect(() => attempts.signUp('192.0.2.2')).not.toThrow();
  });

  test('fails to refresh so many times', () => {
    const attempts = limits();
    attempts.failedRefresh('192.0.2.1');
    attempts.failedRefresh('192.0.2.1');
    expect(() => attempts.failedRefresh('192.0.2.1')).toThrow(RateLimitedError);
  });
});

test('whoever tries e-mails for members is stopped after some that nobody has, also before one that somebody has', async () => {
  const attempts = limits();
  const known = (viewer: string) => attempts.memberByEmail(viewer, async () => 'somebody');
  const unknown = (viewer: string) =>
    attempts.memberByEmail(viewer, () => Promise.reject(new NotFoundError('There is no user with this e-mail.')));
  for (const _ of [1, 2, 3]) await expect(known('eve')).resolves.toBe('somebody');
  for (const _ of [1, 2]) await expect(unknown('eve')).rejects.toBeInstanceOf(NotFoundError);
  await expect(unknown('eve')).rejects.toBeInstanceOf(RateLimitedError);
  await expect(known('eve')).rejects.toBeInstanceOf(RateLimitedError);
  await expect(known('ada')).resolves.toBe('somebody');
});
