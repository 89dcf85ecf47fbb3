import type { IncomingMessage } from 'node:http';
import { type ExecutionResult, type GraphQLSchema, NoSchemaIntrospectionCustomRule } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { Authentication, Authenticator, Viewer } from '../auth/authenticate.ts';
import { createSessionProof, sessionRevoked } from '../auth/session-proof.ts';
import type { Authority } from '../authority/authority.ts';
import { loadAuthority } from '../authority/load.ts';
import { codedError } from '../errors.ts';
import { type BacklogBounds, createBacklog } from '../feed/backlog.ts';
import { createFrameQueue, type OpenQueue } from '../feed/frame-queue.ts';
import { type Context, type Services, signedInViewer } from '../model/context.ts';
import { createRowLoader } from '../model/row-loader.ts';
import { codedDocumentErrors, type ErrorCoder } from './coded-errors.ts';
import { cacheDocuments, createDocumentCache } from './document-cache.ts';
import { boundedExecution } from './execution.ts';
import { framesOverHttp } from './frames-over-http.ts';
import { renderGraphiql } from './graphiql.ts';
import { exampleTabs } from './graphiql-examples.ts';
import { createKnownOperations } from './known-operations.ts';
import { refuseOtherShapes } from './request-shape.ts';
import { UnconditionalSubscriptionRule } from './unconditional-subscription.ts';

/** What a WebSocket operation brings along: its socket has signed in once, for all. */
export interface SocketOperation extends Pick<Context, 'client' | 'openQueue'> {
  readonly viewer: Viewer;
}

/** What Yoga is given with each request. Over HTTP the viewer is found from the request. */
export interface ServerContext {
  readonly req?: IncomingMessage;
  readonly socketOperation?: SocketOperation;
  /** What this request was answered with elsewhere, to be written. */
  readonly executed?: ExecutionResult;
}

interface Dependencies {
  readonly schema: GraphQLSchema;
  readonly services: Services;
  readonly authenticator: Authenticator;
  readonly codeError: ErrorCoder;
  readonly settings: {
    /** Turns off GraphiQL, introspection and suggestions. */
    readonly isProduction: boolean;
    /** Origins of pages that may call us; every origin when null. */
    readonly corsOrigins: readonly string[] | null;
    readonly backlog: BacklogBounds;
    /** How many proxies stand before us: that many entries of X-Forwarded-For are believed. */
    readonly trustedProxies: number;
  };
}

/** Some two hundred of the size of a screen's query. */
const documentCacheBytes = 16 * 2 ** 20;

/** GraphQL over HTTP at /graphql, with GraphiQL, and the engine that WebSocket operations run on. */
export function createGraphql({ schema, services, authenticator, codeError, settings }: Dependencies) {
  const { parserAndValidationCache, noteValidity, known } = cacheDocuments(createDocumentCache(documentCacheBytes));
  const { authenticate, readBearer, isLive } = authenticator;
  /** @param isSessionAsked  or else the answer has to wait for `session.prove()`. */
  const contextOf = async (req: IncomingMessage | undefined, isSessionAsked = true): Promise<Context> => {
    const authorization = req?.headers.authorization;
    const asks = isSessionAsked ? authenticate : readBearer;
    const viewer = authorization === undefined ? null : requireViewer(await asks(authorization));
    const session = viewer && createSessionProof(isLive, viewer, isSessionAsked);
    const client = {
      address: clientAddress(req, settings.trustedProxies),
      userAgent: req?.headers['user-agent'] ?? null,
    };
    const openQueue: OpenQueue = (owner) => createFrameQueue(createBacklog(settings.backlog), owner);
    return createContext(services, { viewer, session, client, openQueue });
  };
  const yoga = createYoga<ServerContext, Context>({
    schema,
    context: ({ req, socketOperation }) =>
      socketOperation === undefined ? contextOf(req) : createContext(services, { ...socketOperation, session: null }),
    logging: false,
    multipart: false,
    // http.ts has refused what is too large. Yoga would send every body through a stream of its own.
    maxRequestBodySize: false,
    landingPage: false,
    graphqlEndpoint: '/graphql',
    cors: corsOptions(settings.corsOrigins),
    maskedErrors: { maskError: (error) => codeError(error) },
    parserAndValidationCache,
    plugins: [
      codedDocumentErrors(codeError),
      noteValidity,
      boundedExecution,
      refuseOtherShapes,
      unconditionalSubscriptions,
      writeExecuted,
      framesOverHttp(codeError),
      ...(settings.isProduction ? [noIntrospection] : []),
    ],
    renderGraphiQL: renderGraphiql,
    graphiql: settings.isProduction
      ? false
      : {
          title: 'Real-Time Sync Hub',
          subscriptionsProtocol: 'WS',
          defaultTabs: exampleTabs,
          shouldPersistHeaders: true,
        },
  });
  const { corsOrigins } = settings;
  return { yoga, executeKnown: createKnownOperations({ schema, known, contextOf, codeError, corsOrigins }) };
}
export type Graphql = ReturnType<typeof createGraphql>['yoga'];

/** An empty list would be taken for every origin. Tokens are sent by hand, so no page needs credentials. */
function corsOptions(origins: readonly string[] | null) {
  if (origins === null) return { origin: '*', credentials: false };
  return origins.length === 0 ? (false as const) : { origin: [...origins], credentials: false };
}

const writeExecuted: Plugin<ServerContext, ServerContext> = {
  onParams({ context: { executed }, setResult }) {
    if (executed !== undefined) setResult(executed);
  },
};

const unconditionalSubscriptions: Plugin = {
  onValidate: ({ addValidationRule }) => addValidationRule(UnconditionalSubscriptionRule),
};

const noIntrospection: Plugin = {
  onValidate: ({ addValidationRule }) => addValidationRule(NoSchemaIntrospectionCustomRule),
};

/** @throws UNAUTHENTICATED, TOKEN_EXPIRED or SESSION_REVOKED, with status 401. */
function requireViewer(authentication: Authentication): Viewer {
  if (authentication.ok) return authentication.viewer;
  const { code } = authentication;
  if (code === 'SESSION_REVOKED') throw sessionRevoked();
  const messages = {
    UNAUTHENTICATED:
      'This is no access token of this server. Sign in, then send `Authorization: Bearer <access token>`.',
    TOKEN_EXPIRED: 'The access token has expired. Refresh the session.',
  };
  throw codedError(code, messages[code], { http: { status: 401 } });
}

/** Within one operation the viewer's authority is read once; a subscription, which may run for hours, reads it anew. */
const authorityMaxAgeMs = 1_000;

function createContext(
  services: Services,
  { viewer, session, client, openQueue }: Pick<Context, 'viewer' | 'session' | 'client' | 'openQueue'>,
): Context {
  let loaded: { readonly at: number; readonly authority: Promise<Authority> } | null = null;
  const authority = () => {
    if (loaded === null || loaded.at < Date.now() - authorityMaxAgeMs)
      loaded = { at: Date.now(), authority: loadAuthority(services.query, signedInViewer({ viewer })) };
    return loaded.authority;
  };
  return { viewer, session, client, openQueue, authority, services, rows: createRowLoader(services, authority) };
}

/** The address of the client, as far as our own proxies vouch for it. */
export function clientAddress(request: IncomingMessage | undefined, trustedProxies: number): string {
  const forwarded = request?.headers['x-forwarded-for'];
  const hops = typeof forwarded === 'string' ? forwarded.split(',').map((hop) => hop.trim()) : [];
  return (trustedProxies > 0 ? hops.at(-trustedProxies) : undefined) ?? request?.socket.remoteAddress ?? '';
}
