import type { ObjectRef } from '@pothos/core';
import {
  type ErrorCode,
  errorMeanings,
  type FieldProblem,
  type RateLimitedError,
  type RowConflictError,
  UserError,
  type ValidationError,
} from '../errors.ts';
import { builder, type Types } from './builder.ts';
import type { Model } from './model.ts';
import type { RowRef } from './object-type.ts';
import type { Row } from './row.ts';

const ErrorCodeEnum = builder.enumType('ErrorCode', {
  description: 'In result unions, in extensions.code and as the reason of a WebSocket close: one list.',
  values: Object.fromEntries(
    Object.entries(errorMeanings).map(([code, { when, remedy }]) => [code, { description: `${when} ${remedy}` }]),
  ) as Record<ErrorCode, { readonly description: string }>,
});

/** An error on its way into a result: GraphQL would throw an Error that a resolver returns. */
export interface Problem<Kind extends UserError = UserError> {
  readonly error: Kind;
}

const UserErrorInterface = builder.interfaceRef<Problem>('UserError').implement({
  description: 'A mistake that the caller can act on.',
  fields: (t) => ({
    message: t.string({ nullable: false, resolve: ({ error }) => error.message }),
    code: t.field({ type: ErrorCodeEnum, nullable: false, resolve: ({ error }): ErrorCode => error.code }),
  }),
});

const FieldErrorRef = builder.objectRef<FieldProblem>('FieldError').implement({
  fields: (t) => ({
    path: t.string({ nullable: false, resolve: ({ path }) => path }),
    message: t.string({ nullable: false, resolve: ({ message }) => message }),
  }),
});

export const ValidationErrorType = builder.objectRef<Problem<ValidationError>>('ValidationError').implement({
  interfaces: [UserErrorInterface],
  fields: (t) => ({
    fields: t.field({ type: [FieldErrorRef], nullable: false, resolve: ({ error }) => [...error.fields] }),
  }),
});
export const ForbiddenErrorType = plainError('ForbiddenError', 'The row can be seen, but not this done with it.');
export const NotFoundErrorType = plainError('NotFoundError', 'Absent or not visible: the two cannot be told apart.');
export const ConflictErrorType = plainError('ConflictError', 'Taken: an id, an e-mail, a membership.');
export const BadCredentialsErrorType = plainError('BadCredentialsError', 'What was given proves nothing.');
export const RateLimitedErrorType = builder.objectRef<Problem<RateLimitedError>>('RateLimitedError').implement({
  interfaces: [UserErrorInterface],
  fields: (t) => ({
    retryAfterSeconds: t.int({ nullable: false, resolve: ({ error }) => error.retryAfterSeconds }),
  }),
});

/** `TaskConflictError`: `expectedVersion` was not the row's version. */
export function addRowConflictError(model: Model, row: RowRef) {
  return builder.objectRef<Problem<RowConflictError<Row>>>(`${model.name}ConflictError`).implement({
    description: 'expectedVersion was not the current one.',
    interfaces: [UserErrorInterface],
    fields: (t) => ({ current: t.field({ type: row, nullable: false, resolve: ({ error }) => error.current }) }),
  });
}

function plainError(name: string, description: string) {
  return builder.objectRef<Problem>(name).implement({ description, interfaces: [UserErrorInterface] });
}

/**
 * `CreateTaskResult`: the payload, or one of the errors that a caller can act on.
 *
 * @returns the union, and `answer`, which runs a mutation and gives its payload or the UserError that it threw. An error
 *          outside the union's list goes on as a coded one.
 */
export function addResultUnion<Payload extends object>(
  name: string,
  payload: ObjectRef<Types, Payload>,
  errors: readonly ObjectRef<Types, Problem>[],
) {
  const errorNames = new Set(errors.map((error) => error.name));
  const union = builder.unionType(name, {
    types: [payload, ...errors],
    resolveType: (value) =>
      'error' in value && value.error instanceof UserError ? value.error.typeName : payload.name,
  });
  async function answer(run: () => Promise<Payload>): Promise<Payload | Problem> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof UserError && errorNames.has(error.typeName)) return { error };
      throw error;
    }
  }
  return { union, answer };
}
