import { ErrorCode } from './generated/graphql.ts';

/** The server's codes, and one of our own: NETWORK, when no answer of the server's came. */
export type SyncErrorCode = ErrorCode | 'NETWORK';

/** Everything that the SDK throws. Codes are for programs, messages for people. */
export class SyncError extends Error {
  readonly code: SyncErrorCode;

  constructor(code: SyncErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SyncError';
    this.code = code;
  }

  /** Whether the session is over, so that only signing in again helps. A wrong password does not end it. */
  get endsSession(): boolean {
    return this.code === 'SESSION_REVOKED' || this.code === 'UNAUTHENTICATED';
  }

  /** Whether the same may succeed a little later, without anybody doing anything. */
  get passes(): boolean {
    return this.code === 'NETWORK' || this.code === 'UNAVAILABLE' || this.code === 'RATE_LIMITED';
  }
}

/**
 * Makes one of whatever was thrown, closed or answered: a list of GraphQL errors, what urql's and Apollo's clients make of it,
 * a WebSocket's close, anything else.
 */
export function toSyncError(cause: unknown): SyncError {
  if (cause instanceof SyncError) return cause;
  if (Array.isArray(cause)) return fromGraphqlError(cause[0], cause);
  if (isClientError(cause)) return toSyncError(cause.networkError ?? cause.graphQLErrors ?? cause.errors);
  if (isCloseEvent(cause)) return fromClose(cause);
  const message = cause instanceof Error ? cause.message : 'The server could not be reached';
  return new SyncError('NETWORK', message, { cause });
}

/** urql's CombinedError has the first two, Apollo's CombinedGraphQLErrors the last; a SyncError comes out as it went in. */
interface ClientError {
  readonly networkError?: unknown;
  readonly graphQLErrors?: unknown;
  readonly errors?: unknown;
}

function isClientError(cause: unknown): cause is ClientError {
  if (!(cause instanceof Error) || cause instanceof AggregateError) return false;
  return 'networkError' in cause || 'graphQLErrors' in cause || 'errors' in cause;
}

function fromGraphqlError(error: unknown, cause: unknown): SyncError {
  const { message, extensions } = (error ?? {}) as { message?: unknown; extensions?: { code?: unknown } };
  const code = extensions?.code;
  return new SyncError(isErrorCode(code) ? code : 'INTERNAL', String(message), { cause });
}

function fromClose(event: CloseEventLike): SyncError {
  const code = codeOfClose(event);
  const message =
    code === 'SESSION_REVOKED' || code === 'UNAUTHENTICATED'
      ? 'This session has ended. Sign in again.'
      : `The connection was closed with ${event.code} ${event.reason}`.trimEnd();
  return new SyncError(code, message, { cause: event });
}

const errorCodes: ReadonlySet<unknown> = new Set(Object.values(ErrorCode));

function isErrorCode(code: unknown): code is ErrorCode {
  return errorCodes.has(code);
}

/** A WebSocket's `close`, wherever it comes from. */
interface CloseEventLike {
  readonly code: number;
  readonly reason: string;
}

function isCloseEvent(cause: unknown): cause is CloseEventLike {
  return typeof cause === 'object' && cause !== null && 'code' in cause && 'reason' in cause;
}

/** @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md for the codes above 4000 */
function codeOfClose({ code, reason }: CloseEventLike): SyncErrorCode {
  // Its reason is INTERNAL, but it is not known of which subscription: the others are to go on.
  if (code === 4500) return 'UNAVAILABLE';
  if (isErrorCode(reason)) return reason;
  switch (code) {
    case 1009:
      return 'PAYLOAD_TOO_LARGE';
    case 1013:
      return 'UNAVAILABLE';
    case 4400:
    case 4406:
    case 4409:
    case 4429:
      return 'BAD_USER_INPUT';
    case 4401:
    case 4403:
      return 'UNAUTHENTICATED';
    default:
      return 'NETWORK';
  }
}
