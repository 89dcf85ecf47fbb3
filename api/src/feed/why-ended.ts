import type { GraphQLError } from 'graphql';
import { codedError } from '../errors.ts';

/** Why a subscription cannot be continued exactly: a watch reads its rows anew, changes end with CURSOR_EXPIRED. */
export const losses = {
  question:
    'the cursor is of another question, of an older version of the server, or of a snapshot that was not read to its end',
  authority: 'what this viewer may see has changed',
  shape: 'the columns of the tables have changed',
  history: 'the log no longer holds what follows, or has another history',
  crash: 'the database crashed before the log had passed the snapshot',
  unknowable: 'a table was truncated, or a transaction was too large to be held',
} as const;
export type Loss = keyof typeof losses;

/** Why subscriptions end, as their clients are told. */
export const whyEnded = {
  expired: (loss: Loss): GraphQLError =>
    codedError(
      'CURSOR_EXPIRED',
      `Changes cannot be continued exactly from here: ${losses[loss]}. Read again, then subscribe again without \`after\`.`,
    ),
  noMember: (): GraphQLError =>
    codedError('FORBIDDEN', 'You are no longer a member of the workspace that this subscription follows.'),
  sessionEnded: (): GraphQLError => codedError('SESSION_REVOKED', 'This session has ended. Sign in again.'),
  tokenExpired: (): GraphQLError =>
    codedError('TOKEN_EXPIRED', 'The access token has expired. Refresh the session, then subscribe again.'),
  goingAway: (): GraphQLError => codedError('UNAVAILABLE', 'The server is going away. Subscribe again.'),
  /** @param cursor  of the last frame that the client was given. */
  slow: (cursor: string | null): GraphQLError =>
    codedError(
      'SLOW_CONSUMER',
      'This client reads more slowly than its changes come. Subscribe again with `after: cursor`.',
      { cursor },
    ),
};

const resumable: readonly unknown[] = ['SESSION_REVOKED', 'TOKEN_EXPIRED', 'UNAVAILABLE'];

/** Whether the cursor of the last frame is as good as before, for who comes back after this end. */
export function canComeBack({ extensions: { code } }: GraphQLError): boolean {
  return resumable.includes(code);
}
