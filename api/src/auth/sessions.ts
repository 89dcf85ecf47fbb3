import type { Session } from '@sync-hub/prisma/generated/client';
import type { Viewer } from './authenticate.ts';
import { type ChangePasswordInput, changePassword } from './change-password.ts';
import type { Grant } from './grant.ts';
import { listSessions } from './list-sessions.ts';
import { refreshSession } from './refresh-session.ts';
import { revokeOtherSessions, revokeSession, signOut } from './revoke-sessions.ts';
import type { Client, SessionDeps } from './session-deps.ts';
import { type SignInInput, signIn } from './sign-in.ts';
import { type SignUpInput, signUp } from './sign-up.ts';

/** The session service: what the session mutations do. Each throws the `UserError`s that its own file names. */
export interface Sessions {
  signUp(input: SignUpInput, client: Client): Promise<Grant>;
  signIn(input: SignInInput, client: Client): Promise<Grant>;
  refresh(refreshToken: string, client: Client): Promise<Grant>;
  signOut(viewer: Viewer): Promise<void>;
  list(viewer: Viewer): Promise<Session[]>;
  revoke(viewer: Viewer, sessionId: string): Promise<void>;
  revokeOthers(viewer: Viewer): Promise<string[]>;
  changePassword(viewer: Viewer, input: ChangePasswordInput, client: Client): Promise<Grant>;
}

/**
 * Sessions in Postgres: any number of API processes may serve them at once.
 *
 * Whatever ends a session is one committed change of its row, so it travels the log to every process that holds a socket
 * of it. Every change carries its author.
 */
export function createSessions(deps: SessionDeps): Sessions {
  return {
    signUp: (input, client) => signUp(deps, input, client),
    signIn: (input, client) => signIn(deps, input, client),
    refresh: (refreshToken, client) => refreshSession(deps, refreshToken, client),
    signOut: (viewer) => signOut(deps, viewer),
    list: (viewer) => listSessions(deps, viewer),
    revoke: (viewer, sessionId) => revokeSession(deps, viewer, sessionId),
    revokeOthers: (viewer) => revokeOtherSessions(deps, viewer),
    changePassword: (viewer, input, client) => changePassword(deps, viewer, input, client),
  };
}
