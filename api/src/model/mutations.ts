import { GraphQLError, type GraphQLResolveInfo } from 'graphql';
import { createSessionProof } from '../auth/session-proof.ts';
import { ValidationError } from '../errors.ts';
import { builder } from './builder.ts';
import { type Context, signedInViewer } from './context.ts';
import { readIdOf, writeGlobalId } from './global-id.ts';
import type { Model } from './model.ts';
import type { RowRef } from './object-type.ts';
import {
  addResultUnion,
  addRowConflictError,
  ConflictErrorType,
  ForbiddenErrorType,
  NotFoundErrorType,
  RateLimitedErrorType,
  ValidationErrorType,
} from './result-union.ts';
import type { Row } from './row.ts';
import { profilesOf } from './selection.ts';
import type { Input } from './values.ts';
import { createRow, deleteRow, updateRow } from './write.ts';
import { addCreateInput, addDeleteInput, addUpdateInput } from './write-input.ts';
import { type WriteRequest, type Written, writesOnlyForLiveSession } from './write-request.ts';

/** `createTask`, `updateTask`, `deleteTask`, as far as the model has them. */
export function addMutations(model: Model, row: RowRef): void {
  const { name } = model;
  const conflict = addRowConflictError(model, row);
  const request = (context: Context, info: GraphQLResolveInfo, input: Input): WriteRequest => {
    const { prisma, query, look, claimKey, isLive, attempts } = context.services;
    const viewer = signedInViewer(context);
    return {
      prisma,
      query,
      look,
      claimKey,
      viewer,
      session: context.session ?? createSessionProof(isLive, viewer),
      attempts,
      fieldName: info.fieldName,
      input,
      profiles: profilesOf(model, info),
    };
  };

  if (model.mutations.includes('create')) {
    const { union, answer } = addResultUnion(`Create${name}Result`, rowPayload(`Create${name}Payload`, model, row), [
      ValidationErrorType,
      ForbiddenErrorType,
      NotFoundErrorType,
      ConflictErrorType,
      ...(model.rules.limitsCreate === true ? [RateLimitedErrorType] : []),
    ]);
    const input = addCreateInput(model);
    builder.mutationField(`create${name}`, (t) =>
      t.field({
        type: union,
        extensions: writesOnlyForLiveSession,
        args: { input: t.arg({ type: input, required: true }) },
        resolve: (_, args, context, info) => answer(() => createRow(model, request(context, info, args.input))),
      }),
    );
  }
  if (model.mutations.includes('update')) {
    const { union, answer } = addResultUnion(`Update${name}Result`, rowPayload(`Update${name}Payload`, model, row), [
      ValidationErrorType,
      ForbiddenErrorType,
      NotFoundErrorType,
      ConflictErrorType,
      conflict,
    ]);
    const input = addUpdateInput(model);
    builder.mutationField(`update${name}`, (t) =>
      t.field({
        type: union,
        extensions: writesOnlyForLiveSession,
        args: { input: t.arg({ type: input, required: true }) },
        resolve: (_, args, context, info) =>
          answer(async () => updateRow(model, readInputId(model, args.input.id), request(context, info, args.input))),
      }),
    );
  }
  if (model.mutations.includes('delete')) {
    const { union, answer } = addResultUnion(`Delete${name}Result`, deletePayload(model), [
      ValidationErrorType,
      ForbiddenErrorType,
      NotFoundErrorType,
      conflict,
    ]);
    const input = addDeleteInput(model);
    builder.mutationField(`delete${name}`, (t) =>
      t.field({
        type: union,
        extensions: writesOnlyForLiveSession,
        args: { input: t.arg({ type: input, required: true }) },
        resolve: (_, args, context, info) =>
          answer(async () => deleteRow(model, readInputId(model, args.input.id), request(context, info, args.input))),
      }),
    );
  }
}

/** An id that names no row of this model is a mistake in the input's field `id`. */
function readInputId(model: Model, id: string): string {
  try {
    return readIdOf(model.name, id);
  } catch (error) {
    if (error instanceof GraphQLError) throw new ValidationError([{ path: 'id', message: error.message }]);
    throw error;
  }
}

function rowPayload(name: string, model: Model, row: RowRef) {
  return builder.objectRef<Written>(name).implement({
    fields: (t) => ({
      [model.singular]: t.field({ type: row, nullable: false, resolve: (written) => writtenRow(written) }),
      transactionId: t.id({ nullable: false, description: transactionIdDescription, resolve: (w) => w.transactionId }),
    }),
  });
}

function deletePayload(model: Model) {
  return builder.objectRef<Written>(`Delete${model.name}Payload`).implement({
    fields: (t) => ({
      deletedId: t.id({ nullable: false, resolve: ({ id }) => writeGlobalId(model.name, id) }),
      transactionId: t.id({ nullable: false, description: transactionIdDescription, resolve: (w) => w.transactionId }),
    }),
  });
}

const transactionIdDescription = "The id that this write's frame will carry.";

function writtenRow({ row }: Written): Row {
  if (row === null) throw new Error('a row that was written is not there');
  return row;
}
