import { GraphQLError } from 'graphql';

/**
 * Every code a client may meet: in result unions, in `extensions.code` and as the reason of a WebSocket close. `when` it comes
 * and its `remedy`, what a client does, are its description in the schema and its row in docs/api.md.
 */
export const errorMeanings = {
  UNAUTHENTICATED: {
    when: 'There is no access token, or this hub did not issue it.',
    remedy: 'Sign in, then send the access token that you are given.',
  },
  FORBIDDEN: {
    when: 'The viewer sees the row and may not do this with it. A …Changes subscription: its one workspace was lost.',
    remedy: 'Do not retry: somebody has to give the viewer the right.',
  },
  NOT_FOUND: {
    when: 'The row is absent or not visible: the two cannot be told apart.',
    remedy: 'Do not retry: let go of the row.',
  },
  BAD_USER_INPUT: {
    when: 'The document, a variable, a value, an id, a page or a filter is wrong, or a mutationId was used with another input.',
    remedy: 'Mend the request: the message, or the fields of a ValidationError, say what is wrong.',
  },
  CONFLICT: {
    when: 'An id, an e-mail, a membership or another unique value is taken, or expectedVersion is not the current one.',
    remedy: 'Choose another value, or write again from the current row that the error holds.',
  },
  BAD_CREDENTIALS: {
    when: 'The e-mail, the password or the refresh token is wrong, or the refresh token is not good any more.',
    remedy: 'Ask for the password again; after a refresh, sign in again.',
  },
  RATE_LIMITED: {
    when: 'This client had too many wrong passwords, sign-ups or failed refreshes, an e-mail too many wrong passwords, or a user has named too many e-mails that nobody has.',
    remedy: 'Retry after retryAfterSeconds.',
  },
  QUERY_TOO_COMPLEX: {
    when: 'The operation is over the limit of complexity, depth or breadth, or a watch has more rows than memory may hold.',
    remedy: 'Mend the request: fewer fields, a smaller page, a narrower where.',
  },
  PAYLOAD_TOO_LARGE: {
    when: 'The body of an HTTP request is over the limit.',
    remedy: 'Mend the request: send less at once.',
  },
  CURSOR_INVALID: {
    when: 'The hub did not make this cursor, or made it for another user.',
    remedy: 'Subscribe again without after.',
  },
  CURSOR_EXPIRED: {
    when: 'Changes cannot be continued exactly from here. A watch is sent all its rows again, with reset, in place of it.',
    remedy: 'Subscribe again without after, and read the rows anew once the first frame has come.',
  },
  SLOW_CONSUMER: {
    when: 'The client reads more slowly than its frames come.',
    remedy: 'Subscribe again, with after: extensions.cursor where there is one.',
  },
  TOO_MANY_SUBSCRIPTIONS: {
    when: 'The socket has as many subscriptions as it may have.',
    remedy: 'End some, or open another socket.',
  },
  SESSION_REVOKED: {
    when: 'The session was revoked, has expired, or went with its user.',
    remedy: 'Sign in again.',
  },
  TOKEN_EXPIRED: {
    when: 'The access token has expired. Nothing was executed.',
    remedy: 'Refresh the session, then send the same again; a subscription with after.',
  },
  UNAVAILABLE: {
    when: 'The database or the log does not answer, the server is busy or going away.',
    remedy: 'Retry after a pause that grows: a mutation with the same mutationId, a subscription with after.',
  },
  INTERNAL: {
    when: 'Something went wrong in the hub. It has been logged there.',
    remedy: 'Do not retry in a loop. A mutation may have been done: once more with the same mutationId is safe.',
  },
} as const;
export type ErrorCode = keyof typeof errorMeanings;
export const errorCodes = Object.keys(errorMeanings) as readonly ErrorCode[];

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
