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

type SignedIn = Tokens & Pick<AuthFieldsFragment, 'user'>;

export interface SessionOptions extends Endpoint {
  /** Of a session that was begun earlier. It does no harm when the access token has expired since. */
  readonly tokens?: Tokens | null;
  /** Runs whenever the tokens change; null when the session is over. Keep the last ones to go on with them later. */
  readonly onTokens?: (tokens: Tokens | null) => void;
}

/** An access token with less than this left is refreshed before it is used: it must outlive the way to the server. */
const refreshAheadMs = 30_000;

/**
 * A refresh without an answer by then is sent again. It may have been done, and the server takes its token once more for
 * REFRESH_GRACE_SECONDS only (30 by default): this and the longest pause of `backoffMs` must be over before.
 */
const refreshAnswerMs = 8_000;

/** What one sign-in has brought. Whoever signs in next gets another one, so that nothing late of the one can reach the other. */
interface Login {
  /** Null when there are none, or none that can be refreshed. */
  tokens: Tokens | null;
  refreshing: Promise<void> | null;
  /** Our clock is so far ahead that a new token looks old. Then only the server can say when one has expired. */
  clockIsOff: boolean;
  /** Who wants to know when somebody signs out, or in again. */
  readonly onLeft: Set<(why: SyncError) => void>;
}

/**
 * One user's session: signs in, and has an access token ready for as long as it lasts.
 *
 * However many ask at once, there is one refresh: the server takes a refresh token that comes back later for stolen.
 */
export function createSession({ tokens = null, onTokens, ...endpoint }: SessionOptions) {
  let current = loginWith(tokens);
  /** Access tokens of those who have left: what was refused with one is not sent again as somebody else. */
  const leftTokens = new Set<string | undefined>();

  function keep(login: Login, next: Tokens | null) {
    login.tokens = next;
    login.clockIsOff = next !== null && expiresSoon(next);
    if (login === current) onTokens?.(next);
  }

  /** Leaves the present login for another one. */
  function become(next: Tokens | null) {
    const left = current;
    current = loginWith(null);
    keep(current, next);
    leftTokens.add(left.tokens?.accessToken);
    for (const tell of left.onLeft) tell(hasLeft());
  }

  async function refresh(login: Login, used: Tokens): Promise<void> {
    const input = { refreshToken: used.refreshToken };
    try {
      const { refreshSession } = await postOperation(endpoint, RefreshSessionDocument, { input }, refreshAnswerMs);
      const next = tokensOf(payloadOf(refreshSession));
      if (login.tokens === used) keep(login, next); // else `adopt` has brought newer ones
    } catch (cause) {
      if (login.tokens !== used) return;
      const error = toSyncError(cause);
      if (error.code !== 'BAD_CREDENTIALS' && !error.endsSession) throw error;
      keep(login, null);
      throw new SyncError('SESSION_REVOKED', 'This session has ended. Sign in again.', { cause: error });
    }
  }

  async function tokenOf(login: Login, refused?: string): Promise<string> {
    const { tokens: held } = login;
    if (held === null) throw new SyncError('UNAUTHENTICATED', 'Sign in first');
    if (held.accessToken !== refused && (login.clockIsOff || !expiresSoon(held))) return held.accessToken;
    login.refreshing ??= refresh(login, held).finally(() => {
      login.refreshing = null;
    });
    await login.refreshing;
    return await tokenOf(login);
  }

  /** For whoever is signed in now: it rejects when somebody else is before there is a token. */
  const getToken: GetToken = ({ refused, onLeft } = {}) =>
    new Promise((resolve, reject) => {
      const login = current;
      if (refused !== undefined && leftTokens.has(refused)) return reject(hasLeft());
      if (onLeft !== undefined) login.onLeft.add(onLeft);
      login.onLeft.add(reject);
      tokenOf(login, refused)
        .then(resolve, reject)
        .finally(() => login.onLeft.delete(reject));
    });

  function signedIn(payload: SignedIn) {
    become(tokensOf(payload));
    return payload.user;
  }

  return {
    /** Whether there are tokens. Whether they are still good is for the server to say. */
    get isSignedIn() {
      return current.tokens !== null;
    },
    getToken,
    /** Goes on with the tokens that `changePassword` has given to this user: none of the earlier ones can be refreshed. */
    adopt(payload: SignedIn) {
      keep(current, tokensOf(payload));
      return payload.user;
    },
    /** @throws SyncError BAD_CREDENTIALS, RATE_LIMITED */
    async signIn(input: SignInInput) {
      return signedIn(payloadOf((await postOperation(endpoint, SignInDocument, { input })).signIn));
    },
    /** @throws SyncError BAD_USER_INPUT, CONFLICT (there is such an account), RATE_LIMITED */
    async signUp(input: SignUpInput) {
      return signedIn(payloadOf((await postOperation(endpoint, SignUpDocument, { input })).signUp));
    },
    /**
     * Ends the session: here at once, whatever the network does, then on the server.
     *
     * @throws SyncError when the server could not be told; there the session lasts until it expires.
     */
    async signOut() {
      const leaving = current;
      become(null);
      const fetch = createAuthorizedFetch(({ refused } = {}) => tokenOf(leaving, refused), endpoint.fetch);
      try {
        await postOperation({ ...endpoint, fetch }, SignOutDocument, {});
      } catch (cause) {
        if (!toSyncError(cause).endsSession) throw cause; // else it was over before
      }
    },
  };
}

function loginWith(tokens: Tokens | null): Login {
  return { tokens, refreshing: null, clockIsOff: false, onLeft: new Set() };
}

function hasLeft() {
  return new SyncError('UNAUTHENTICATED', 'Somebody has signed out, or in, meanwhile');
}

function tokensOf({ accessToken, accessTokenExpiresAt, refreshToken }: Tokens): Tokens {
  return { accessToken, accessTokenExpiresAt, refreshToken };
}

function expiresSoon({ accessTokenExpiresAt }: Tokens): boolean {
  return Date.parse(accessTokenExpiresAt) - Date.now() < refreshAheadMs;
}
