import { GraphQLError, type GraphQLErrorExtensions, type ParseOptions, parse, type Source } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { isDatabaseAway } from '../database-away.ts';
import { codedError } from '../errors.ts';
import { refuseDeepDocument } from './nesting.ts';

/** What is needed of a logger. */
export interface ErrorLog {
  error(fields: object, message: string): void;
}

interface Options {
  readonly log: ErrorLog;
  /** Whether errors may suggest what names of the schema were meant. */
  readonly suggestions: boolean;
}

/** Tokens of one document, counted while it is parsed: a hundred thousand equal fields would hang validation. */
export const maxDocumentTokens = 5_000;

/** What is said of an error. GraphQL quotes what was sent, which may be a megabyte. */
export const maxMessageCharacters = 1_000;

/** What Yoga calls a request that it does not understand. */
const yogaCodes: readonly unknown[] = ['BAD_REQUEST', 'OPERATION_RESOLUTION_FAILURE'];

/**
 * Gives every error that leaves us a code, and cuts what it says where it is too long. What GraphQL or Yoga found wrong with
 * the request (its shape, syntax, validation, variables) is BAD_USER_INPUT; whatever was thrown without a code is ours:
 * logged here, once, and masked as INTERNAL, or as UNAVAILABLE where trying again may help.
 */
export function createErrorCoder({ log, suggestions }: Options) {
  return (error: unknown): GraphQLError => {
    if (error instanceof GraphQLError) {
      const { code: given, http } = error.extensions;
      if (yogaCodes.includes(given)) return withCode(error, error.message, badRequest(http));
      if (typeof given === 'string')
        return error.message.length > maxMessageCharacters ? withCode(error, error.message, error.extensions) : error;
      const original = originalOf(error);
      const code = originalCode(original);
      // With a path it came up while answering, not while reading what was asked: without a code it is ours.
      const isRequestError = error.path === undefined && (original === undefined || original instanceof GraphQLError);
      if (code !== undefined || isRequestError) {
        // Cut before it is searched: for each place where a suggestion might begin, it is searched to its end.
        const said = cut(error.message);
        const message = suggestions ? said : said.replace(/ Did you mean .*\?$/s, '');
        return withCode(error, message, { ...error.extensions, code: code ?? 'BAD_USER_INPUT' });
      }
    }
    const cause = error instanceof GraphQLError ? (originalOf(error) ?? error) : error;
    log.error({ err: cause }, 'a request failed');
    const masked = isDatabaseAway(cause)
      ? codedError(
          'UNAVAILABLE',
          'The database does not answer. Try again in a few seconds, a write with its mutationId.',
        )
      : codedError('INTERNAL', 'Something went wrong here. It has been logged.');
    if (!(error instanceof GraphQLError)) return masked;
    return withCode(error, masked.message, masked.extensions);
  };
}
export type ErrorCoder = ReturnType<typeof createErrorCoder>;

/** The same place in the request, another message. */
function withCode(error: GraphQLError, message: string, extensions: GraphQLErrorExtensions): GraphQLError {
  const { nodes = null, source = null, positions = null, path = null } = error;
  return new GraphQLError(cut(message), { nodes, source, positions, path, extensions });
}

/** In the middle: what is wrong is said at the end, after what was sent. */
function cut(message: string): string {
  if (message.length <= maxMessageCharacters) return message;
  const half = maxMessageCharacters / 2;
  return `${message.slice(0, half - 1)}…${message.slice(-half)}`;
}

/** For any client: Yoga would say 200 to some (`spec`). */
function badRequest(http: unknown): GraphQLErrorExtensions {
  return { code: 'BAD_USER_INPUT', http: { status: 400, ...(http ?? {}), spec: false } };
}

/** The innermost error: GraphQL wraps what a resolver or a scalar threw, sometimes twice. */
function originalOf(error: GraphQLError): unknown {
  let original: unknown = error.originalError;
  while (original instanceof GraphQLError && original.originalError !== undefined) original = original.originalError;
  return original;
}

function originalCode(original: unknown): unknown {
  return original instanceof GraphQLError ? original.extensions['code'] : undefined;
}

/** Codes for syntax and validation errors, over HTTP and WebSocket alike, and the bound on tokens. */
export function codedDocumentErrors(codeError: ErrorCoder): Plugin {
  return {
    onParse({ setParseFn }) {
      setParseFn((source: string | Source, options?: ParseOptions) => {
        try {
          refuseDeepDocument(source, maxDocumentTokens);
          return parse(source, { ...options, maxTokens: maxDocumentTokens });
        } catch (error) {
          throw codeError(error);
        }
      });
    },
    onValidate() {
      return ({ result, setResult }) => {
        if (result.length > 0) setResult(result.map((error) => codeError(error)));
      };
    },
  };
}
