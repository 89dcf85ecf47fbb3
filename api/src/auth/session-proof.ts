import { codedError } from '../errors.ts';
import type { Authenticator, Viewer } from './authenticate.ts';

/**
 * Whether the session of an operation's viewer is alive, for an operation that may begin before that is known: one that writes
 * nothing without a live session (see statement.ts). Its answer may not be told before.
 */
export interface SessionProof {
  /** A statement that demands a live session has found it. */
  proved(): void;
  /** Asks Postgres, unless it is proved. @throws SESSION_REVOKED, with status 401 */
  prove(): Promise<void>;
}

/** @param isProved  it was asked a moment ago. */
export function createSessionProof(isLive: Authenticator['isLive'], viewer: Viewer, isProved = false): SessionProof {
  let isKnown = isProved;
  return {
    proved() {
      isKnown = true;
    },
    async prove() {
      if (isKnown) return;
      if (!(await isLive(viewer))) throw sessionRevoked();
      isKnown = true;
    },
  };
}

export function sessionRevoked() {
  return codedError('SESSION_REVOKED', 'This session has ended. Sign in again.', { http: { status: 401 } });
}
