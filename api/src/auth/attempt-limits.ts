import { RateLimitedError } from '../errors.ts';
import { clientNetwork } from './client-network.ts';
import type { Rate, RateLimit } from './rate-limit.ts';

/** How often, per hour and API process. A client is an IPv4 address or an IPv6 /64. */
export interface AttemptSettings {
  /** SIGN_IN_FAILURES_PER_EMAIL_AND_CLIENT_PER_HOUR: what a person who forgot a password needs. */
  readonly signInFailuresPerEmailAndClientPerHour: number;
  /** SIGN_IN_FAILURES_PER_EMAIL_PER_HOUR: against guesses spread over many clients. */
  readonly signInFailuresPerEmailPerHour: number;
  /** SIGN_IN_FAILURES_PER_CLIENT_PER_HOUR: against one password tried on many e-mails. */
  readonly signInFailuresPerClientPerHour: number;
  /** SIGN_UPS_PER_CLIENT_PER_HOUR: also those refused because the e-mail is taken, or they would tell who has an account. */
  readonly signUpsPerClientPerHour: number;
  /** REFRESH_FAILURES_PER_CLIENT_PER_HOUR: a token cannot be guessed; this is for clients that loop on a dead one. */
  readonly refreshFailuresPerClientPerHour: number;
}

export const defaultAttemptSettings: AttemptSettings = {
  signInFailuresPerEmailAndClientPerHour: 10,
  signInFailuresPerEmailPerHour: 100,
  signInFailuresPerClientPerHour: 100,
  signUpsPerClientPerHour: 100,
  refreshFailuresPerClientPerHour: 100,
};

/** Each method throws RateLimitedError when there were too many. */
export interface AttemptLimits {
  /**
   * Before a password is checked, so that guesses made at once are all counted. Call what it returns when the password
   * was right: only failures stay counted.
   *
   * @param email  null where what was typed is none.
   */
  password(email: string | null, clientAddress: string): () => void;
  signUp(clientAddress: string): void;
  /** After a refresh has failed: those that succeed are never limited. */
  failedRefresh(clientAddress: string): void;
}

export interface AttemptLimitDeps {
  readonly rateLimit: RateLimit;
  readonly settings: AttemptSettings;
}

export function createAttemptLimits({ rateLimit, settings }: AttemptLimitDeps): AttemptLimits {
  return {
    password(email, clientAddress) {
      const client = clientNetwork(clientAddress);
      const buckets: [string, Rate][] = [[`password from ${client}`, hourly(settings.signInFailuresPerClientPerHour)]];
      if (email !== null) {
        // The e-mail's own bucket comes last, out of reach once one client's share of it is spent: nobody alone can
        // lock others out.
        buckets.push([`password of ${email} from ${client}`, hourly(settings.signInFailuresPerEmailAndClientPerHour)]);
        buckets.push([`password of ${email}`, hourly(settings.signInFailuresPerEmailPerHour)]);
      }
      for (const [bucket, rate] of buckets) takeOrThrow(bucket, rate);
      return () => {
        for (const [bucket, rate] of buckets) rateLimit.giveBack(bucket, rate);
      };
    },
    signUp(clientAddress) {
      takeOrThrow(`sign-up from ${clientNetwork(clientAddress)}`, hourly(settings.signUpsPerClientPerHour));
    },
    failedRefresh(clientAddress) {
      takeOrThrow(`refresh from ${clientNetwork(clientAddress)}`, hourly(settings.refreshFailuresPerClientPerHour));
    },
  };

  function takeOrThrow(bucket: string, rate: Rate): void {
    const retryAfterSeconds = rateLimit.take(bucket, rate);
    if (retryAfterSeconds > 0) throw new RateLimitedError(retryAfterSeconds);
  }
}

function hourly(attempts: number): Rate {
  return { attempts, seconds: 3_600 };
}
