import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import {
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import type { Context } from '../model/context.ts';
import type { ErrorCoder } from './coded-errors.ts';
import { executeBounded } from './execution.ts';

// Most requests ask for what was asked for before. Yoga answers them by way of Request and Response objects and some forty hooks
// of plugins, which takes longer than all that is done for the answer. What it decided about a document the first time holds for
// the next, so here is the short way for a plain POST of a document that it has parsed and found valid. Whatever is not plain goes
// Yoga's way; so does the writing of a result with errors. known-operations.test.ts holds the two ways together.

interface Dependencies {
  readonly schema: GraphQLSchema;
  /** What was parsed from this text, if it was found valid. */
  readonly known: (text: string) => DocumentNode | undefined;
  readonly contextOf: (request: IncomingMessage, isSessionAsked: boolean) => Promise<Context>;
  readonly codeError: ErrorCoder;
  readonly corsOrigins: readonly string[] | null;
}

/** Null: it is for Yoga, and nothing was executed. Headers are what a result without errors is sent with. */
export type ExecuteKnown = (request: IncomingMessage, body: Buffer) => Promise<Executed | null>;
interface Executed {
  readonly result: ExecutionResult;
  readonly headers: Readonly<Record<string, string>>;
}

export function createKnownOperations({
  schema,
  known,
  contextOf,
  codeError,
  corsOrigins,
}: Dependencies): ExecuteKnown {
  return async (request, body) => {
    const contentType = answerType(request.headers.accept);
    const params = contentType === null ? null : readParams(body);
    const document = params === null ? undefined : known(params.query);
    if (contentType === null || params === null || document === undefined) return null;
    const { operationName, variables: variableValues } = params;
    const operation = getOperationAST(document, operationName);
    if (operation == null || operation.operation === 'subscription') return null;

    const headers = { 'content-type': `${contentType}; charset=utf-8`, ...corsHeaders(request.headers, corsOrigins) };
    try {
      const contextValue = await contextOf(request, !asksForSessionItself(schema, operation));
      const result = await executeBounded({ schema, document, operationName, variableValues, contextValue });
      // Whatever it is, nobody without a live session is told.
      await contextValue.session?.prove();
      return { headers, result: result.errors ? { ...result, errors: result.errors.map(codeError) } : result };
    } catch (error) {
      return { headers, result: { errors: [codeError(error)] } };
    }
  };
}

/** A write whose statement asks whether its viewer's session is alive, and nothing else: that saves a round trip to Postgres. */
function asksForSessionItself(schema: GraphQLSchema, { operation, selectionSet }: OperationDefinitionNode): boolean {
  const [field, ...others] = selectionSet.selections;
  if (operation !== 'mutation' || field?.kind !== Kind.FIELD || others.length > 0) return false;
  const extensions = schema.getMutationType()?.getFields()[field.name.value]?.extensions;
  return extensions?.['writesOnlyForLiveSession'] === true;
}

/** Whether it may be one for the short way. Preflights, uploads, pages, streams, other encodings are not. */
export function isPlain({ method, url, headers }: IncomingMessage): boolean {
  return (
    method === 'POST' &&
    url === '/graphql' &&
    headers['content-encoding'] === undefined &&
    headers['access-control-request-method'] === undefined &&
    headers['access-control-request-headers'] === undefined &&
    /^application\/json(; ?charset=utf-8)?$/i.test(headers['content-type'] ?? '')
  );
}

interface Params {
  readonly query: string;
  readonly variables: { readonly [name: string]: unknown } | null | undefined;
  readonly operationName: string | null | undefined;
}

const paramNames = new Set(['query', 'variables', 'operationName', 'extensions']);

/** Null: something may have to be said against it. */
function readParams(body: Buffer): Params | null {
  let params: unknown;
  try {
    params = JSON.parse(body.toString());
  } catch {
    return null;
  }
  if (!isObject(params) || Object.keys(params).some((name) => !paramNames.has(name))) return null;
  const { query, variables, operationName, extensions } = params;
  if (typeof query !== 'string') return null;
  if (variables != null && !isObject(variables)) return null;
  if (operationName != null && typeof operationName !== 'string') return null;
  if (extensions != null && !isObject(extensions)) return null;
  return { query, variables, operationName };
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As Yoga reads Accept: the first type of ours in it, without weights. Null: none of them, or more than we read. */
function answerType(accept = '*/*'): string | null {
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    if (parameters.some((parameter) => parameter.includes('charset'))) return null;
    if (type === '*/*' || type === 'application/*' || type === 'application/json') return 'application/json';
    if (type === 'application/graphql-response+json') return type;
  }
  return null;
}

/** As Yoga's, of an answer to a page. None for whoever is no page. */
function corsHeaders({ origin }: IncomingHttpHeaders, origins: readonly string[] | null): Record<string, string> {
  if (origin === undefined || origins?.length === 0) return {};
  const [only] = origins ?? [];
  if (only !== undefined && origins?.length === 1) return { 'access-control-allow-origin': only };
  if (origins?.includes(origin) === false) return { 'access-control-allow-origin': 'null' };
  return { 'access-control-allow-origin': origin, vary: 'Origin' };
}
