import { BadCredentialsError, NotFoundError, RateLimitedError } from '../errors.ts';
import type { AuthSettings } from './auth-settings.ts';
import { clientNetwork } from './client-network.ts';
import type { Rate, RateLimit } from './rate-limit.ts';

/** Each method throws RateLimitedError when there were too many. */
export interface AttemptLimits {
  /**
   * Runs `check`, which throws BadCredentialsError for a wrong password. It is counted before, so that guesses made at
   * once all are, and uncounted unless that is what it throws: neither a right password, nor one that was not looked at, nor
   * our own fault stays counted.
   *
   * @param email  null where what was typed is none.
   */
  password<T>(email: string | null, clientAddress: string, check: () => Promise<T>): Promise<T>;
  /** Runs `find`, which throws NotFoundError for an e-mail that nobody has. Counted in the same way. */
  memberByEmail<T>(viewerId: string, find: () => Promise<T>): Promise<T>;
  signUp(clientAddress: string): void;
  /** After a refresh has failed: those that succeed are never limited. */
  failedRefresh(clientAddress: string): void;
}

type AttemptSettings = Pick<
  AuthSettings,
  | 'SIGN_IN_FAILURES_PER_EMAIL_AND_CLIENT_PER_HOUR'
  | 'SIGN_IN_FAILURES_PER_EMAIL_PER_HOUR'
  | 'SIGN_IN_FAILURES_PER_CLIENT_PER_HOUR'
  | 'SIGN_UPS_PER_CLIENT_PER_HOUR'
  | 'UNKNOWN_EMAILS_PER_USER_PER_HOUR'
  | 'REFRESH_FAILURES_PER_CLIENT_PER_HOUR'
>;

export interface AttemptLimitDeps {
  readonly rateLimit: RateLimit;
  readonly settings: AttemptSettings;
}

export function createAttemptLimits({ rateLimit, settings }: AttemptLimitDeps): AttemptLimits {
  return {
    password(email, clientAddress, check) {
      const client = clientNetwork(clientAddress);
      const buckets: [string, Rate][] = [
        [`password from ${client}`, hourly(settings.SIGN_IN_FAILURES_PER_CLIENT_PER_HOUR)],
      ];
      if (email !== null) {
        // The e-mail's own bucket comes last, out of reach once one client's share of it is spent: nobody alone can
        // lock others out.
        buckets.push([
          `password of ${email} from ${client}`,
          hourly(settings.SIGN_IN_FAILURES_PER_EMAIL_AND_CLIENT_PER_HOUR),
        ]);
        buckets.push([`password of ${email}`, hourly(settings.SIGN_IN_FAILURES_PER_EMAIL_PER_HOUR)]);
      }
      return counted(buckets, check, (error) => error instanceof BadCredentialsError);
    },
    memberByEmail: (viewerId, find) =>
      counted(
        [[`unknown e-mails of ${viewerId}`, hourly(settings.UNKNOWN_EMAILS_PER_USER_PER_HOUR)]],
        find,
        (error) => error instanceof NotFoundError,
      ),
    signUp(clientAddress) {
      takeOrThrow(`sign-up from ${clientNetwork(clientAddress)}`, hourly(settings.SIGN_UPS_PER_CLIENT_PER_HOUR));
    },
    failedRefresh(clientAddress) {
      takeOrThrow(
        `refresh from ${clientNetwork(clientAddress)}`,
        hourly(settings.REFRESH_FAILURES_PER_CLIENT_PER_HOUR),
      );
    },
  };

  /** Whoever is refused by one bucket has used up nothing of the others. */
  async function counted<T>(
    buckets: readonly (readonly [string, Rate])[],
    run: () => Promise<T>,
    isMiss: (error: unknown) => boolean,
  ): Promise<T> {
    const taken: (readonly [string, Rate])[] = [];
    let missed = false;
    try {
      for (const one of buckets) {
        takeOrThrow(...one);
        taken.push(one);
      }
      return await run();
    } catch (error) {
      missed = isMiss(error);
      throw error;
    } finally {
      if (!missed) for (const one of taken) rateLimit.giveBack(...one);
    }
  }

  function takeOrThrow(bucket: string, rate: Rate): void {
    const retryAfterSeconds = rateLimit.take(bucket, rate);
    if (retryAfterSeconds > 0) throw new RateLimitedError(retryAfterSeconds);
  }
}

function hourly(attempts: number): Rate {
  return { attempts, seconds: 3_600 };
}
