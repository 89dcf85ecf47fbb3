import { createAuthorizedFetch, type GetToken } from './authorized-fetch.ts';
import {
  type AuthFieldsFragment,
  RefreshSessionDocument,
  SignInDocument,
  type SignInInput,
  SignOutDocument,
  SignUpDocument,
  type SignUpInput,
} from './generated/graphql.ts';
import { payloadOf } from './payload.ts';
import { type Endpoint, postOperation } from './post-operation.ts';
import { SyncError, toSyncError } from './sync-error.ts';

/** What signs a client in, for as long as the refresh token is good. */
export interface Tokens {
  readonly accessToken: string;
  /** RFC 3339. */
  readonly accessTokenExpiresAt: string;
  readonly refreshToken: string;
}

export interface SessionOptions extends Endpoint {
  /** Of a session that was begun earlier. It does no harm when the access token has expired since. */
  readonly tokens?: Tokens | null;
  /** Runs whenever the tokens change; null when the session is over. Keep the last ones to go on with them later. */
  readonly onTokens?: (tokens: Tokens | null) => void;
}

/** An access token with less than this left is refreshed before it is used: it must outlive the way to the server. */
const refreshAheadMs = 30_000;

/**
 * One user's session: signs in, and has an access token ready for as long as it lasts.
 *
 * However many ask at once, there is one refresh: the server takes a refresh token that comes back later for stolen.
 */
export function createSession({ tokens = null, onTokens, ...endpoint }: SessionOptions) {
  let current = tokens;
  let refreshing: Promise<Tokens> | null = null;
  let signIns = 0;
  /** Our clock is so far ahead that a new token looks old. Then only the server can say when one has expired. */
  let clockIsOff = false;

  function keep(next: Tokens | null) {
    current = next;
    refreshing = null; // one that is under way is for tokens that were replaced
    clockIsOff = next !== null && expiresSoon(next);
    onTokens?.(next);
  }

  /** Goes on as whoever the server has just signed in: after `changePassword`, which ends all earlier sessions. */
  function adopt({ accessToken, accessTokenExpiresAt, refreshToken, user }: AuthFieldsFragment) {
    signIns += 1;
    keep({ accessToken, accessTokenExpiresAt, refreshToken });
    return user;
  }

  async function refresh(used: Tokens): Promise<Tokens> {
    const input = { refreshToken: used.refreshToken };
    try {
      const { refreshSession } = await postOperation(endpoint, RefreshSessionDocument, { input });
      const { accessToken, accessTokenExpiresAt, refreshToken } = payloadOf(refreshSession);
      const next = { accessToken, accessTokenExpiresAt, refreshToken };
      if (current === used) keep(next); // else somebody signed out, or in, while we waited
      return next;
    } catch (cause) {
      const error = toSyncError(cause);
      if (error.endsSession && current === used) keep(null);
      throw error;
    }
  }

  const getToken: GetToken = async ({ refused } = {}) => {
    if (current === null) throw new SyncError('UNAUTHENTICATED', 'Sign in first');
    if (current.accessToken !== refused && (clockIsOff || !expiresSoon(current))) return current.accessToken;
    refreshing ??= refresh(current).finally(() => {
      refreshing = null;
    });
    return (await refreshing).accessToken;
  };

  return {
    /** Whether there are tokens. Whether they are still good is for the server to say. */
    get isSignedIn() {
      return current !== null;
    },
    getToken,
    adopt,
    /** @throws SyncError BAD_CREDENTIALS, RATE_LIMITED */
    async signIn(input: SignInInput) {
      return adopt(payloadOf((await postOperation(endpoint, SignInDocument, { input })).signIn));
    },
    /** @throws SyncError BAD_USER_INPUT, CONFLICT (there is such an account), RATE_LIMITED */
    async signUp(input: SignUpInput) {
      return adopt(payloadOf((await postOperation(endpoint, SignUpDocument, { input })).signUp));
    },
    /** Ends the session on the server, and here in any case. */
    async signOut() {
      const fetch = createAuthorizedFetch(getToken, endpoint.fetch);
      const leaving = signIns;
      try {
        await postOperation({ ...endpoint, fetch }, SignOutDocument, {});
      } finally {
        if (signIns === leaving) keep(null); // else somebody has signed in meanwhile
      }
    },
  };
}

function expiresSoon({ accessTokenExpiresAt }: Tokens): boolean {
  return Date.parse(accessTokenExpiresAt) - Date.now() < refreshAheadMs;
}
