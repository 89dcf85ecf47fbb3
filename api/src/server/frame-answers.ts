import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute } from 'graphql';
import type { Authority } from '../authority/authority.ts';
import type { Frame } from '../feed/frame.ts';
import type { FrameEvent } from '../feed/frame-queue.ts';
import { type FrameText, standingMark } from '../feed/shared-frame.ts';
import type { Context } from '../model/context.ts';
import { createRowLoader } from '../model/row-loader.ts';
import type { ErrorCoder } from './coded-errors.ts';
import { bytesOf } from './text-frame.ts';

/** A subscription as its client sent it, read and validated. */
export interface Operation extends ExecutionArgs {
  readonly contextValue: Context;
}

/**
 * What a subscription answers to its frames: the bytes of a `next` message after the operation's id. Never throws nor rejects:
 * what fails is an answer with errors.
 */
export interface FrameAnswers {
  write(frame: Frame): string | Promise<string>;
  /** For all of a group: as one of them, with what each of them may read. */
  writeShared(frame: Frame, authority: Authority): FrameText | Promise<FrameText>;
}

export function createFrameAnswers(operation: Operation, codeError: ErrorCoder): FrameAnswers {
  return {
    write: (frame) => whenThere(answer(operation, { frame }, codeError), messageEnd),
    writeShared(frame, authority) {
      const contextValue = contextFor(operation.contextValue, authority);
      const result = answer({ ...operation, contextValue }, { frame }, codeError);
      return whenThere(result, (written) => messageEnd(written).split(standingMark));
    },
  };
}

function messageEnd(result: ExecutionResult): string {
  return bytesOf(`,"type":"next","payload":${JSON.stringify(result)}}`);
}

/** Whose answer it is does not matter: the key of a group says all that it may depend on. */
function contextFor(member: Context, authority: Authority): Context {
  const known = () => Promise.resolve(authority);
  return { ...member, authority: known, rows: createRowLoader(member.services, known) };
}

function answer(
  operation: Operation,
  rootValue: FrameEvent,
  codeError: ErrorCoder,
): ExecutionResult | Promise<ExecutionResult> {
  const failed = (error: unknown): ExecutionResult => ({ errors: [codeError(error)] });
  const coded = ({ data, errors }: ExecutionResult): ExecutionResult =>
    errors === undefined ? { data: data ?? null } : { data: data ?? null, errors: errors.map(codeError) };
  try {
    const result = execute({ ...operation, rootValue });
    return result instanceof Promise ? result.then(coded, failed) : coded(result);
  } catch (error) {
    return failed(error);
  }
}

function whenThere<Given, Made>(given: Given | Promise<Given>, make: (given: Given) => Made): Made | Promise<Made> {
  return given instanceof Promise ? given.then(make) : make(given);
}

/**
 * Begins a subscription whose frames go another way: what graphql-ws is given of it is the reason of its end, executed like a
 * frame, then the end.
 */
export async function subscribeWithoutFrames(
  operation: Operation,
  codeError: ErrorCoder,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const source = await createSourceEventStream(operation);
  if (!(Symbol.asyncIterator in source)) return { errors: (source.errors ?? []).map(codeError) };
  const events = source[Symbol.asyncIterator]() as AsyncIterator<FrameEvent, undefined>;
  const answers: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      const { value } = await events.next();
      if (value === undefined) return { value: undefined, done: true };
      return { value: await answer(operation, value, codeError), done: false };
    },
    async return() {
      await events.return?.();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]: () => answers,
  };
  return answers;
}
