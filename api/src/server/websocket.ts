import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import { GraphQLError, getOperationAST } from 'graphql';
import { CloseCode, handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Entrance } from '../entrance.ts';
import { codedError } from '../errors.ts';
import { type Backlog, type BacklogBounds, createBacklog } from '../feed/backlog.ts';
import type { OpenQueue } from '../feed/frame-queue.ts';
import type { Context } from '../model/context.ts';
import { createTurnEnd } from '../turn-end.ts';
import { asMessage } from './as-message.ts';
import { type BegunOperation, beginOperation } from './begun-operation.ts';
import type { ErrorCoder, ErrorLog } from './coded-errors.ts';
import { Delivery } from './delivery.ts';
import { createEqualVariables } from './equal-variables.ts';
import { FrameAnswers, type FrameContext, type Operation, subscribeWithoutFrames } from './frame-answers.ts';
import { clientAddress, type Graphql, type SocketOperation } from './graphql.ts';
import { refuseDeepVariables } from './nesting.ts';
import { type Outlet, SocketOutlet } from './outlet.ts';
import { asCloseReason, whyRefused } from './refused-message.ts';
import { closeAtExpiry, keepAlive } from './socket-timers.ts';
import type { Sockets } from './sockets.ts';

interface Dependencies {
  readonly server: Server;
  readonly graphql: Graphql;
  readonly authenticate: Authenticator['authenticate'];
  readonly sockets: Sockets;
  readonly entrance: Entrance;
  readonly codeError: ErrorCoder;
  readonly log: ErrorLog;
  readonly settings: {
    /** Bytes of one message from a client; a longer one closes its socket with 1009. */
    readonly maxMessageBytes: number;
    /** Bytes that were sent and not read; over it the socket is cut. */
    readonly maxUnreadBytes: number;
    /** A socket that does not answer a ping within this time is dead. */
    readonly pingIntervalMs: number;
    readonly backlog: BacklogBounds;
    readonly trustedProxies: number;
  };
}

interface SignedIn extends Pick<SocketOperation, 'viewer'> {
  readonly authorization: unknown;
}

/** What belongs to one socket. */
interface SocketState {
  readonly socket: WebSocket;
  /** Of the request, which is let go: it holds all its headers. */
  readonly client: SocketOperation['client'];
  readonly outlet: Outlet;
  readonly backlog: Backlog;
  /** Of the frames of all its subscriptions, as long as its viewer is the same. */
  frameContext: FrameContext | null;
  signedIn: SignedIn | null;
  /** Runs when the socket closes. */
  readonly releases: (() => void)[];
}

/**
 * graphql-transport-ws at /graphql. graphql-ws keeps the protocol; who may speak it, and until when, is decided here.
 *
 * A socket signs in once, in `connection_init`. It closes with 4403 and a code as its reason: UNAUTHENTICATED,
 * TOKEN_EXPIRED (refresh, then come back), SESSION_REVOKED (sign in again).
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
export function startWebSocket(dependencies: Dependencies) {
  const { server, graphql, authenticate, sockets, entrance, codeError, log, settings } = dependencies;
  const atTurnEnd = createTurnEnd();
  const equalVariables = createEqualVariables();
  const webSockets = new WebSocketServer({
    noServer: true,
    handleProtocols,
    maxPayload: settings.maxMessageBytes,
    perMessageDeflate: false,
  });
  const protocol = makeServer<{ authorization?: unknown }, SocketState>({
    async onConnect({ connectionParams, extra }) {
      const params = Object.entries(connectionParams ?? {});
      const authorization = params.find(([name]) => name.toLowerCase() === 'authorization')?.[1];
      const authentication = await authenticateOrRefuse(extra, authorization);
      if (authentication === null) return false;
      // What it would release has been released by then.
      if (extra.socket.readyState !== extra.socket.OPEN) return false;
      const { viewer } = authentication;
      extra.releases.push(
        sockets.add(viewer.sessionId, extra.socket),
        closeAtExpiry(extra.socket, viewer.tokenExpiresAt),
      );
      // A session that ended between the first look and our listening would be missed by both: look again.
      if ((await authenticateOrRefuse(extra, authorization)) === null) return false;
      extra.signedIn = { viewer, authorization };
      return true;
    },
    onSubscribe({ extra, subscriptions }, id, payload) {
      const begun = beginOperation(subscriptions, id);
      return begun.whileWanted(prepare(extra, begun, id, payload));
    },
    execute: ({ rootValue, ...operation }) => {
      const { execute, begun } = rootValue as Prepared;
      return begun.whileWanted(execute(operation));
    },
    async subscribe(args) {
      const { rootValue, ...operation } = args;
      const { answers, begun } = rootValue as Prepared;
      // It keeps these, too.
      Object.assign(args, { rootValue: null, contextValue: null, variableValues: null });
      const frames = await subscribeWithoutFrames(operation as Operation, answers, codeError);
      if (!begun.isWanted && 'return' in frames) await frames.return?.();
      return begun.whileWanted(frames);
    },
  });

  async function prepare(extra: SocketState, begun: BegunOperation, id: string, payload: SubscribePayload) {
    const { signedIn, outlet, backlog, client } = extra;
    const { query, variables, operationName } = payload;
    if (signedIn === null) throw new Error('an operation before the acknowledgement');
    // ws goes on reading while a socket closes, and what the viewer was when it opened may be past.
    if (extra.socket.readyState !== extra.socket.OPEN) return [closing];
    const still = await authenticateOrRefuse(extra, signedIn.authorization);
    if (still === null) return [closing];
    // A query that has the word in it waits a little, too.
    if (query.includes('subscription')) {
      await entrance.pass();
      if (extra.socket.readyState !== extra.socket.OPEN) return [closing];
    }
    const { viewer } = knownViewer(extra, signedIn, still.viewer);
    let answers: FrameAnswers;
    const openQueue: OpenQueue = (owner) => new Delivery({ id, outlet, backlog, answers }, owner);
    const { schema, execute, contextFactory, parse, validate } = graphql.getEnveloped({
      socketOperation: { viewer, client, openQueue },
    });
    try {
      const document = parse(query);
      const errors = validate(schema, document);
      if (errors.length > 0) return errors as GraphQLError[];
      if (getOperationAST(document, operationName) == null) return [noOperation()];
      refuseDeepVariables(variables);
      const contextValue: Context = await contextFactory();
      extra.frameContext ??= contextOfFrames(contextValue);
      const { frameContext } = extra;
      const variableValues = equalVariables(variables, { document, operationName });
      const operation = { schema, document, operationName, variableValues, contextValue: frameContext };
      answers = new FrameAnswers(operation, codeError);
      // graphql-ws keeps the message as long as the subscription lives. The cache of documents has the text.
      Object.assign(payload, { query: '', variables: variableValues });
      const rootValue: Prepared = { execute, answers, begun };
      return { schema, document, operationName, variableValues, contextValue, rootValue };
    } catch (error) {
      if (error instanceof GraphQLError) return [codeError(error)];
      throw error;
    }
  }

  /** The same objects as long as the viewer is what it was: each subscription keeps them. */
  function knownViewer(state: SocketState, signedIn: SignedIn, viewer: SignedIn['viewer']): SignedIn {
    if (isDeepStrictEqual(viewer, signedIn.viewer)) return signedIn;
    state.frameContext = null;
    const now = { ...signedIn, viewer };
    state.signedIn = now;
    return now;
  }

  /** Refuses with the code as reason, before graphql-ws would with its own; null then. */
  async function authenticateOrRefuse({ socket }: SocketState, authorization: unknown) {
    try {
      const authentication = await authenticate(authorization);
      if (authentication.ok) return authentication;
      socket.close(CloseCode.Forbidden, authentication.code);
    } catch (error) {
      log.error({ err: error }, 'a socket could not be signed in: the database does not answer');
      socket.close(tryAgainLater, 'UNAVAILABLE');
    }
    return null;
  }

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    destroyOnError(socket);
    if (request.url?.split('?', 1)[0] !== '/graphql') {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    void entrance
      .pass()
      .then(() =>
        webSockets.handleUpgrade(request, socket, head, (webSocket) => open(webSocket, socket, clientOf(request))),
      );
  };
  const clientOf = (request: IncomingMessage): SocketOperation['client'] => ({
    address: clientAddress(request, settings.trustedProxies),
    userAgent: request.headers['user-agent'] ?? null,
  });
  server.on('upgrade', onUpgrade);

  function open(socket: WebSocket, connection: Duplex, client: SocketOperation['client']) {
    const outlet = new SocketOutlet({
      webSocket: socket,
      socket: connection,
      atTurnEnd,
      cut: () => socket.terminate(),
      maxUnreadBytes: settings.maxUnreadBytes,
    });
    const backlog = createBacklog(settings.backlog);
    const state: SocketState = { socket, client, outlet, backlog, signedIn: null, frameContext: null, releases: [] };
    // One for all messages: of a subscription it is kept as long as that lives.
    const onFailure = (error: unknown) => {
      // Of a socket that is going there is nothing to say.
      if (socket.readyState !== socket.OPEN) return;
      log.error({ err: error }, 'a WebSocket message could not be handled');
      socket.close(CloseCode.InternalServerError, 'INTERNAL');
    };
    const onMessage = (receive: (data: string) => Promise<void>) =>
      socket.on('message', (data) => {
        const message = asMessage(String(data));
        const why = whyRefused(message);
        if (why === null) void receive(message).catch(onFailure);
        else socket.close(CloseCode.BadRequest, why);
      });
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send(text) {
          // In the order in which it was said.
          outlet.flush();
          return send(socket, text, settings.maxUnreadBytes);
        },
        close: (code, reason) => socket.close(code, asCloseReason(reason)),
        onMessage,
      },
      state,
    );
    state.releases.push(keepAlive(socket, settings.pingIntervalMs));
    // What ends a socket is its client's business (too large a message, a reset connection); 'close' follows.
    socket.on('error', () => {});
    socket.once('close', (code, reason) => {
      for (const release of state.releases) release();
      // As many may go at once as come. Nothing is sent to a socket that is not open.
      void entrance.pass().then(() => closed(code, String(reason)));
    });
  }

  return {
    /** Tells every client to come back, to another instance or after the restart. */
    async close() {
      server.off('upgrade', onUpgrade);
      for (const client of webSockets.clients) client.close(1012, 'server restarts');
      const killer = setTimeout(() => {
        for (const client of webSockets.clients) client.terminate();
      }, 1_000);
      await new Promise((resolve) => webSockets.close(resolve));
      clearTimeout(killer);
    },
  };
}

/** Node has let go of the socket: without a listener a reset connection would end the process. */
function destroyOnError(socket: Duplex) {
  // Not in a function that has the request: the listener would keep that.
  socket.on('error', () => socket.destroy());
}

/** An operation on its way through graphql-ws. */
interface Prepared {
  readonly begun: BegunOperation;
  readonly execute: ReturnType<Graphql['getEnveloped']>['execute'];
  readonly answers: FrameAnswers;
}

/** What a frame is executed with: of an operation's context what is not of the operation alone. */
function contextOfFrames({ viewer, client, services }: Context): FrameContext {
  const openQueue = () => {
    throw new Error('a frame begins no subscription');
  };
  return { viewer, session: null, client, services, openQueue };
}

/** @see https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number */
const tryAgainLater = 1013;

const noOperation = () =>
  codedError('BAD_USER_INPUT', 'The document has no such operation, or several of which `operationName` names none.');

const closing = codedError('UNAUTHENTICATED', 'This socket is closing. Open another one.');

/** A client that has stopped reading would not hear a close either: over the hard bound its socket is cut. */
function send(socket: WebSocket, text: string, maxUnreadBytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) return resolve();
    socket.send(text, (error) => (error ? reject(error) : resolve()));
    if (socket.bufferedAmount > maxUnreadBytes) socket.terminate();
  });
}
