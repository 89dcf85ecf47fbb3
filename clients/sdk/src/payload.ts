import type { ErrorCode } from './generated/graphql.ts';
import { SyncError } from './sync-error.ts';

/** What every error in a result union has, and no payload. */
interface UserError {
  readonly code: ErrorCode;
  readonly message: string;
}

/** A mutation's result without the errors that it may be. */
export type PayloadOf<Result> = Exclude<NonNullable<Result>, UserError>;

/**
 * The payload of a mutation's result, for callers who treat each of its errors alike. Who wants to act on a conflict or on
 * single fields looks at `__typename` instead.
 *
 * @throws SyncError with the code of the error that the result is.
 */
export function payloadOf<Result extends object>(result: Result | null | undefined): PayloadOf<Result> {
  if (result === null || result === undefined) throw new SyncError('INTERNAL', 'The answer has no result');
  if (isUserError(result)) throw new SyncError(result.code, result.message, { cause: result });
  return result as PayloadOf<Result>;
}

function isUserError(result: object): result is UserError {
  return 'code' in result && 'message' in result;
}
