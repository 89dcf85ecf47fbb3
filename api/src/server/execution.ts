import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { isCoded } from '../errors.ts';
import type { FrameEvent } from '../feed/frame-queue.ts';
import { refuseDeepVariables } from './nesting.ts';

/** Each error of a variable prints the whole of it: fifty, which is what GraphQL stops at, would be megabytes. */
const variableBounds = { maxCoercionErrors: 1 };

/** @throws BAD_USER_INPUT when the variables are nested too deeply. */
export function executeBounded(args: ExecutionArgs) {
  refuseDeepVariables(args.variableValues);
  return execute({ ...args, options: variableBounds });
}

/** Begins a subscription. @returns its events, or why there are none. */
export async function openEvents(args: ExecutionArgs): Promise<AsyncIterator<FrameEvent, undefined> | ExecutionResult> {
  const source = await createSourceEventStream({ ...args, options: variableBounds });
  if (!(Symbol.asyncIterator in source)) return source;
  return source[Symbol.asyncIterator]() as AsyncIterator<FrameEvent, undefined>;
}

/** Has Yoga execute as known-operations.ts does, and answer 400 where nothing was executed because of what was asked. */
export const boundedExecution: Plugin = {
  onExecute: ({ setExecuteFn }) => setExecuteFn(executeBounded),
  onExecutionResult({ result }) {
    const { errors = [] } = isUnexecuted(result) ? result : {};
    for (const error of errors) if (isCoded(error, 'BAD_USER_INPUT')) error.extensions['http'] ??= { status: 400 };
  },
};

function isUnexecuted(result: unknown): result is ExecutionResult {
  return typeof result === 'object' && result !== null && 'errors' in result && !('data' in result);
}
