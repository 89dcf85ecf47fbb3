import { integer, text } from '@sync-hub/runtime/setting-kinds';
import type { SettingsOf } from '@sync-hub/runtime/settings';

const perHour = { min: 1, max: 1_000_000, unit: 'per hour and API process' };

/** The settings of sessions. A client is an IPv4 address or an IPv6 /64. */
export const authSettings = {
  JWT_SECRET: text({
    // RFC 7518, section 3.2: an HS256 key is no shorter than the hash.
    minBytes: 32,
    doc: 'Signs access tokens and derives refresh tokens: at least 32 random bytes, the same for every API process.',
  }),
  ACCESS_TOKEN_TTL_SECONDS: integer({
    default: 600,
    min: 300,
    max: 900,
    unit: 'seconds',
    doc: 'How long an access token is good, as long as its session lives.',
  }),
  SESSION_TTL_DAYS: integer({
    default: 30,
    min: 2,
    max: 365,
    unit: 'days',
    doc: 'A session that is not refreshed for so long is over, and its refresh token with it.',
  }),
  REFRESH_GRACE_SECONDS: integer({
    default: 30,
    min: 0,
    max: 300,
    unit: 'seconds',
    doc: 'For how long a used refresh token gives the same answer again, should it have been lost. Later its session ends.',
  }),
  SIGN_IN_FAILURES_PER_EMAIL_AND_CLIENT_PER_HOUR: integer({
    ...perHour,
    default: 10,
    doc: 'Wrong passwords for one e-mail from one client: what a person needs who forgot it.',
  }),
  SIGN_IN_FAILURES_PER_EMAIL_PER_HOUR: integer({
    ...perHour,
    default: 100,
    doc: 'Wrong passwords for one e-mail, against guesses spread over many clients.',
  }),
  SIGN_IN_FAILURES_PER_CLIENT_PER_HOUR: integer({
    ...perHour,
    default: 100,
    doc: 'Wrong passwords from one client, against one password tried on many e-mails.',
  }),
  SIGN_UPS_PER_CLIENT_PER_HOUR: integer({
    ...perHour,
    default: 100,
    doc: 'Sign-ups from one client, also those refused for a taken e-mail: they would tell who has an account.',
  }),
  UNKNOWN_EMAILS_PER_USER_PER_HOUR: integer({
    ...perHour,
    default: 100,
    doc: 'E-mails that one user asked to make a member and that nobody has: they would tell who has an account.',
  }),
  REFRESH_FAILURES_PER_CLIENT_PER_HOUR: integer({
    ...perHour,
    default: 100,
    doc: 'Refreshes with a dead token from one client, before it is told to wait. Good ones are not limited.',
  }),
  RATE_LIMIT_MAX_BUCKETS: integer({
    default: 50_000,
    min: 1_000,
    max: 10_000_000,
    unit: 'buckets, of at most 400 bytes',
    doc: 'E-mails and clients that attempts are counted for. Over it the least recently seen is forgotten.',
  }),
};

export type AuthSettings = SettingsOf<typeof authSettings>;
