import type { GraphQLError } from 'graphql';
import { codedError } from '../errors.ts';

/** Why subscriptions end, as their clients are told. */
export const whyEnded = {
  expired: (): GraphQLError =>
    codedError(
      'CURSOR_EXPIRED',
      'The log cannot be continued exactly from here. Read again, then subscribe again without `after`.',
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
