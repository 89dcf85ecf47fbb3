import { type ExecutionArgs, type ExecutionResult, execute, type GraphQLError } from 'graphql';
import type { Authority } from '../authority/authority.ts';
import { loadAuthority } from '../authority/load.ts';
import { lossesOf } from '../authority/losses.ts';
import type { Frame } from '../feed/frame.ts';
import type { FrameEvent } from '../feed/frame-queue.ts';
import { type FrameText, type SharedWriting, standingMark } from '../feed/shared-frame.ts';
import { type Context, signedInViewer } from '../model/context.ts';
import { createRowLoader } from '../model/row-loader.ts';
import type { ErrorCoder } from './coded-errors.ts';
import { openEvents } from './execution.ts';
import { bytesOf } from './text-frame.ts';

/** What the frames of all subscriptions of a socket have in common: who asks. What he may read is asked anew for each. */
export type FrameContext = Omit<Context, 'authority' | 'rows' | 'isFrame'>;

/** A subscription as its client sent it, read and validated. */
export interface Operation extends ExecutionArgs {
  readonly contextValue: FrameContext;
}

/**
 * What a subscription answers to its frames: the bytes of a `next` message after the operation's id. Never throws nor rejects:
 * what fails is an answer with errors.
 *
 * @see docs/decisions/what-a-subscription-costs.md, on why this is a class
 */
export class FrameAnswers implements SharedWriting {
  private readonly operation: Operation;
  private readonly codeError: ErrorCoder;

  constructor(operation: Operation, codeError: ErrorCoder) {
    this.operation = operation;
    this.codeError = codeError;
  }

  write(frame: Frame): string | Promise<string> {
    return whenThere(this.execute(frame), messageEnd);
  }

  execute(frame: Frame): ExecutionResult | Promise<ExecutionResult> {
    const { contextValue, hasLost } = contextNow(this.operation.contextValue);
    const result = answer({ ...this.operation, contextValue }, { frame }, this.codeError);
    if (!(result instanceof Promise)) return result;
    // What was loaded may have been written after the viewer had lost the right to it.
    return result.then(async (answered) => ((await hasLost()) ? this.execute(frame) : answered));
  }

  /** For all of a group: as one of them, with what each of them may read. */
  writeShared(frame: Frame, authority: Authority): FrameText | Promise<FrameText> {
    const contextValue = contextFor(this.operation.contextValue, () => Promise.resolve(authority));
    const result = answer({ ...this.operation, contextValue }, { frame }, this.codeError);
    return whenThere(result, (written) => messageEnd(written).split(standingMark));
  }

  /** To the reason of its end. */
  async writeEnd(error: GraphQLError): Promise<ExecutionResult> {
    return answer(this.operation, { error }, this.codeError);
  }
}

function messageEnd(result: ExecutionResult): string {
  return bytesOf(`,"type":"next","payload":${JSON.stringify(result)}}`);
}

/** For a group whose answer it is does not matter: its key says all that it may depend on. */
function contextFor(asker: FrameContext, authority: () => Promise<Authority>): Context {
  return { ...asker, authority, rows: createRowLoader(asker.services, authority), isFrame: true };
}

/**
 * What another frame was answered with may be from before a snapshot that this one shows: read once for each.
 *
 * @returns `hasLost` too, to be asked when all is loaded: whether the viewer has less by now than it was loaded by, as far as is
 *   known. False when nothing was loaded.
 */
function contextNow(asker: FrameContext) {
  const load = () => loadAuthority(asker.services.query, signedInViewer(asker));
  let known: Promise<Authority> | null = null;
  return {
    contextValue: contextFor(asker, () => {
      known ??= load();
      return known;
    }),
    async hasLost(): Promise<boolean> {
      const before = await known?.catch(() => null);
      if (before == null) return false;
      const now = await load().catch(() => null);
      return now === null || lossesOf(before, now) !== null;
    },
  };
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

/** A subscription's queue, of which only the end is read. */
export interface EndOfQueue {
  /** Tells the reader once. A promise for each that waits would be a tenth of what a subscription costs. */
  readEnd(reader: EndReader): void;
  return(): Promise<unknown>;
}
export interface EndReader {
  tell(end: IteratorResult<FrameEvent, undefined>): void;
}

/**
 * Begins a subscription whose frames go another way: what graphql-ws is given of it is the reason of its end, executed like a
 * frame, then the end.
 */
export async function subscribeWithoutFrames(
  operation: Operation,
  answers: FrameAnswers,
  codeError: ErrorCoder,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const events = await openEvents(operation);
  if (!('next' in events)) return { errors: (events.errors ?? []).map(codeError) };
  return new EndOfFrames(events as unknown as EndOfQueue, answers);
}

type EndResult = IteratorResult<ExecutionResult, undefined>;

class EndOfFrames implements AsyncIterableIterator<ExecutionResult>, EndReader {
  private readonly queue: EndOfQueue;
  private readonly answers: FrameAnswers;
  private resolve: ((result: EndResult | Promise<EndResult>) => void) | null = null;
  private hasLeft = false;

  constructor(queue: EndOfQueue, answers: FrameAnswers) {
    this.queue = queue;
    this.answers = answers;
  }

  /** Not an async function: one is kept whole, with all its variables, for as long as the subscription lives. */
  next(): Promise<EndResult> {
    return new Promise((resolve) => {
      this.resolve = resolve;
      this.queue.readEnd(this);
    });
  }
  tell({ value }: IteratorResult<FrameEvent, undefined>) {
    // graphql-ws would say `complete`, and forget the operation, to whichever has the id by now.
    if (this.hasLeft) return;
    const end =
      value !== undefined && 'error' in value ? this.answer(value.error) : { value: undefined, done: true as const };
    this.resolve?.(end);
  }
  private async answer(error: GraphQLError): Promise<EndResult> {
    return { value: await this.answers.writeEnd(error), done: false };
  }
  async return(): Promise<EndResult> {
    this.hasLeft = true;
    await this.queue.return();
    return { value: undefined, done: true };
  }
  [Symbol.asyncIterator]() {
    return this;
  }
}
