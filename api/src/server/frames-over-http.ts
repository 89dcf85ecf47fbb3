import type { ExecutionArgs, ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { FrameEvent } from '../feed/frame-queue.ts';
import type { ErrorCoder } from './coded-errors.ts';
import { openEvents } from './execution.ts';
import { FrameAnswers, type Operation } from './frame-answers.ts';
import { refuseDeepVariables } from './nesting.ts';

/** Over HTTP, too, each frame is executed with what its viewer may read by then: see {@link FrameAnswers}. */
export function framesOverHttp(codeError: ErrorCoder): Plugin {
  return {
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn(async (args: ExecutionArgs) => {
        refuseDeepVariables(args.variableValues);
        const events = await openEvents(args);
        return 'next' in events ? answersTo(events, new FrameAnswers(args as Operation, codeError)) : events;
      });
    },
  };
}

/** Not an async generator: that could not be left while it waits for a frame. */
function answersTo(frames: AsyncIterator<FrameEvent>, answers: FrameAnswers): AsyncIterableIterator<ExecutionResult> {
  return {
    async next() {
      const { done, value } = await frames.next();
      if (done === true) return { value: undefined, done };
      return {
        value: await ('frame' in value ? answers.execute(value.frame) : answers.writeEnd(value.error)),
        done: false,
      };
    },
    async return() {
      await frames.return?.();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
