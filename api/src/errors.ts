import { GraphQLError } from 'graphql';

/** Every code a client may meet: in result unions, in `extensions.code` and as the reason of a WebSocket close. */
export const errorCodes = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'BAD_USER_INPUT',
  'CONFLICT',
  'BAD_CREDENTIALS',
  'RATE_LIMITED',
  'QUERY_TOO_COMPLEX',
  'PAYLOAD_TOO_LARGE',
  'CURSOR_INVALID',
  'CURSOR_EXPIRED',
  'SLOW_CONSUMER',
  'TOO_MANY_SUBSCRIPTIONS',
  'SESSION_REVOKED',
  'TOKEN_EXPIRED',
  'UNAVAILABLE',
  'INTERNAL',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** An error for the caller's eyes outside a result union: it reaches the client with `extensions.code`, unmasked. */
export function codedError(code: ErrorCode, message: string, extensions: Record<string, unknown> = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...extensions } });
}

/**
 * A mistake the caller can act on. In a mutation it becomes a member of the result union, elsewhere a coded error.
 * `typeName` is its GraphQL type.
 */
export class UserError extends GraphQLError {
  readonly code: ErrorCode;
  readonly typeName: string;

  constructor(typeName: string, code: ErrorCode, message: string) {
    super(message, { extensions: { code } });
    this.typeName = typeName;
    this.code = code;
  }
}

export interface FieldProblem {
  /** The input's field, `input` for the whole. */
  readonly path: string;
  /** What is wrong and what to do. */
  readonly message: string;
}

export class ValidationError extends UserError {
  readonly fields: readonly FieldProblem[];

  constructor(fields: readonly FieldProblem[]) {
    super('ValidationError', 'BAD_USER_INPUT', fields.map(({ path, message }) => `${path}: ${message}`).join('; '));
    this.fields = fields;
  }
}

export class ForbiddenError extends UserError {
  constructor(message: string) {
    super('ForbiddenError', 'FORBIDDEN', message);
  }
}

export class NotFoundError extends UserError {
  constructor(message: string) {
    super('NotFoundError', 'NOT_FOUND', message);
  }
}

/** Taken: an id, an e-mail, a membership. */
export class ConflictError extends UserError {
  constructor(message: string) {
    super('ConflictError', 'CONFLICT', message);
  }
}

export class BadCredentialsError extends UserError {
  constructor(message: string) {
    super('BadCredentialsError', 'BAD_CREDENTIALS', message);
  }
}

export class RateLimitedError extends UserError {
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super('RateLimitedError', 'RATE_LIMITED', `Too many attempts. Try again in ${retryAfterSeconds} s.`);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** `expectedVersion` was not the row's version. `current` is the row as it is. */
export class RowConflictError<Row> extends UserError {
  readonly current: Row;

  constructor(modelName: string, expectedVersion: number, current: Row & { readonly version: unknown }) {
    const message = `The row is at version ${current.version}, not ${expectedVersion}. Read \`current\`, then try again.`;
    super(`${modelName}ConflictError`, 'CONFLICT', message);
    this.current = current;
  }
}

/** Whether it is an error that tells its caller this code. */
export function isCoded(error: unknown, code: ErrorCode): error is GraphQLError {
  return error instanceof GraphQLError && error.extensions['code'] === code;
}

/** What a caller is told of an error: itself, when it says what to do; else whether trying again may help. */
export function asCodedError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const originalError = error instanceof Error ? error : null;
  // A mistake of ours stays one, however often it is tried.
  const isOurs = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
  if (isOurs) return new GraphQLError('Internal error.', { extensions: { code: 'INTERNAL' }, originalError });
  const message = 'The database does not answer. Try again in a few seconds.';
  return new GraphQLError(message, { extensions: { code: 'UNAVAILABLE' }, originalError });
}
