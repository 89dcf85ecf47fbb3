import { describe, expect, test } from '@jest/globals';
import { RateLimitedError } from '../errors.ts';
import { createAttemptLimits } from './attempt-limits.ts';
import { createRateLimit } from './rate-limit.ts';

const settings = {
  SIGN_IN_FAILURES_PER_EMAIL_AND_CLIENT_PER_HOUR: 2,
  SIGN_IN_FAILURES_PER_EMAIL_PER_HOUR: 5,
  SIGN_IN_FAILURES_PER_CLIENT_PER_HOUR: 4,
  SIGN_UPS_PER_CLIENT_PER_HOUR: 2,
  REFRESH_FAILURES_PER_CLIENT_PER_HOUR: 2,
};
const ada = 'ada@example.com';

function limits() {
  return createAttemptLimits({ rateLimit: createRateLimit({ maxBuckets: 100, now: () => 0 }), settings });
}

describe('whoever tries passwords', () => {
  test('on one e-mail from one client is stopped, and told when to come back', () => {
    const attempts = limits();
    attempts.password(ada, '192.0.2.1');
    attempts.password(ada, '192.0.2.1');
    expect(() => attempts.password(ada, '192.0.2.1')).toThrow(RateLimitedError);
    expect(() => attempts.password(ada, '192.0.2.1')).toThrow('Try again in 1800 s');
  });

  test('on many e-mails from one client is stopped', () => {
    const attempts = limits();
    for (const name of ['a', 'b', 'c', 'd']) attempts.password(`${name}@example.com`, '192.0.2.1');
    expect(() => attempts.password('e@example.com', '192.0.2.1')).toThrow(RateLimitedError);
    expect(() => attempts.password(null, '192.0.2.1')).toThrow(RateLimitedError);
  });

  test('on one e-mail from many clients is stopped', () => {
    const attempts = limits();
    for (let client = 0; client < 5; client += 1) attempts.password(ada, `192.0.2.${client}`);
    expect(() => attempts.password(ada, '192.0.2.100')).toThrow(RateLimitedError);
  });

  test('cannot lock the owner out from one client', () => {
    const attempts = limits();
    for (let guess = 0; guess < 100; guess += 1) {
      try {
        attempts.password(ada, '192.0.2.1');
      } catch {}
    }
    expect(() => attempts.password(ada, '192.0.2.2')).not.toThrow();
  });

  test('and gets them right is never stopped', () => {
    const attempts = limits();
    for (let time = 0; time < 100; time += 1) attempts.password(ada, '192.0.2.1')();
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
