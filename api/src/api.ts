import { createServer, type Server } from 'node:http';
import { createClients } from '@sync-hub/prisma/client';
import type { Closing } from '@sync-hub/runtime/closing';
import { createHealth } from '@sync-hub/runtime/health';
import { listen } from '@sync-hub/runtime/listen';
import type { Log } from '@sync-hub/runtime/log';
import { openStream } from '@sync-hub/stream/open-stream';
import type { GraphQLSchema } from 'graphql';
import pg from 'pg';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { createAuth } from './auth/auth.ts';
import type { ApiSettings } from './config.ts';
import { createEntrance } from './entrance.ts';
import { readClaimedRow } from './feed/claimed-row.ts';
import { createCursors } from './feed/cursor.ts';
import { createFeed } from './feed/feed.ts';
import { createSnapshots } from './feed/snapshots.ts';
import { createStartPoints } from './feed/start-point.ts';
import { startHousekeeping } from './housekeeping.ts';
import { collectFeedMetrics } from './metrics.ts';
import { columnOf } from './model/field.ts';
import { createLook } from './model/look.ts';
import { createClaimKey } from './model/mutation-claim.ts';
import { createPublicRows } from './model/public-rows.ts';
import { requireTracked } from './model/require-tracked.ts';
import { models } from './schema/models.ts';
import { createErrorCoder } from './server/coded-errors.ts';
import { createGraphql } from './server/graphql.ts';
import { createRequestListener } from './server/http.ts';
import { startRecheck } from './server/recheck.ts';
import { createSockets } from './server/sockets.ts';
import { startWebSocket } from './server/websocket.ts';

interface Dependencies {
  readonly config: ApiSettings;
  readonly schema: GraphQLSchema;
  readonly log: Log;
  /** Everything that is opened is registered here. */
  readonly closing: Closing;
}

/** How long a subscription waits for a relay, before it is UNAVAILABLE. */
const relayTimeoutMs = 5_000;
const pingIntervalMs = 12_000;
/** The relay brings a heartbeat each second: after so many without one the log is stalled. */
const stalledMs = 5_000;
/** What a broker has lost, the relay sends again sooner. */
const lostTailMs = 10_000;
/** Of what memory has let go. Turns are for slow clients; 20,000 records are read in a second or two. */
const replaySettings = { turnMs: 1_000, gatherMs: 100, maxRecordsAhead: 20_000, maxBytes: 16 * 2 ** 20 };
const recheckSettings = { everyMs: 1_000, graceMs: 300, blindMs: 5_000 };
/** For Postgres to answer what a subscription waits for. */
const anchorTimeoutMs = 5_000;

/**
 * Starts one API process: reads the log, serves GraphQL. Resolves when the port is open; `/health/ready` follows when
 * the feed has met the log.
 *
 * @throws Error with one clear message when a port is in use, Postgres or Kafka cannot be reached, or a model's table is not tracked.
 */
export async function startApi({ config, schema, log, closing }: Dependencies): Promise<{ readonly port: number }> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const isProduction = config.NODE_ENV === 'production';

  const { prisma, query, lookUp } = createClients({
    databaseUrl: config.DATABASE_URL,
    applicationName: 'sync-hub api',
    maxConnections: config.DATABASE_MAX_CONNECTIONS,
  });
  closing.add('prisma', () => prisma.$disconnect());
  const stream = await openStream(config, log);
  closing.add('stream', stream.close);
  await requireTracked(prisma, models);
  const entrance = createEntrance();
  const startPoints = createStartPoints({
    connect: async () => {
      const client = new pg.Client({
        connectionString: config.DATABASE_URL,
        application_name: 'sync-hub api: start points',
        connectionTimeoutMillis: anchorTimeoutMs,
        query_timeout: anchorTimeoutMs,
      });
      await client.connect();
      return client;
    },
    entrance,
    settings: { relayTimeoutMs },
  });
  closing.add('start points', startPoints.close);

  const snapshots = createSnapshots({
    prisma,
    settings: {
      maxConcurrent: config.SNAPSHOT_MAX_CONCURRENT,
      timeoutMs: config.SNAPSHOT_SECONDS * 1_000,
      maxBytes: config.SNAPSHOT_MAX_BYTES,
      patienceMs: config.SLOW_CONSUMER_SECONDS * 1_000,
      pageRows: 500,
      relayTimeoutMs,
    },
  });

  const sockets = createSockets();
  const feed = createFeed({
    stream,
    startPoints,
    snapshots,
    entrance,
    cursors: createCursors(config.JWT_SECRET),
    readClaimed: (outboxId) => readClaimedRow(prisma, outboxId, config.TRANSACTION_MAX_BYTES),
    workspaceColumn,
    onSessionEnded: (sessionId) => sockets.closeSession(sessionId, 'SESSION_REVOKED'),
    settings: {
      frame: { maxChanges: config.FRAME_MAX_CHANGES, maxBytes: config.FRAME_MAX_BYTES },
      maxTransactionBytes: config.TRANSACTION_MAX_BYTES,
      ring: { maxBytes: config.RING_MAX_BYTES, maxAgeMs: config.RING_SECONDS * 1_000 },
      replays: { max: config.REPLAY_MAX_CONCURRENT, ...replaySettings },
      progressMs: config.PROGRESS_SECONDS * 1_000,
      stalledMs,
      lostTailMs,
    },
    log,
  });
  await feed.start();
  closing.add('feed', feed.close);
  collectFeedMetrics(registry, feed, sockets);

  const auth = createAuth({ prisma, query: lookUp, settings: config });
  const housekeeping = startHousekeeping({ prisma, log, keepSessionDays: config.SESSION_TTL_DAYS });
  closing.add('housekeeping', housekeeping.close);

  const backlog = {
    maxSubscriptions: config.SOCKET_MAX_SUBSCRIPTIONS,
    maxFrames: config.SOCKET_MAX_PENDING_FRAMES,
    maxBytes: config.SOCKET_MAX_PENDING_BYTES,
    maxSubscriptionFrames: config.SUBSCRIPTION_MAX_PENDING_FRAMES,
    maxSubscriptionBytes: config.SUBSCRIPTION_MAX_PENDING_BYTES,
    patienceMs: config.SLOW_CONSUMER_SECONDS * 1_000,
  };
  const trustedProxies = config.TRUSTED_PROXIES;
  const codeError = createErrorCoder({ log, suggestions: !isProduction });
  const { yoga: graphql, executeKnown } = createGraphql({
    schema,
    services: {
      prisma,
      query,
      look: createLook(query),
      publicRows: createPublicRows(query),
      feed,
      sessions: auth.sessions,
      attempts: auth.attempts,
      isLive: auth.isLive,
      claimKey: createClaimKey(config.JWT_SECRET),
    },
    authenticator: auth,
    codeError,
    settings: { isProduction, corsOrigins: corsOrigins(config), backlog, trustedProxies },
  });
  const isReady = () => (feed.isReady ? { ready: true } : { ready: false, why: 'the feed has not met the log yet' });
  const health = createHealth({ registry, isReady });
  const server = createServer(
    createRequestListener({ graphql, executeKnown, health, maxBodyBytes: config.BODY_MAX_BYTES }),
  );
  const port = await listen(server, { port: config.PORT, setting: 'PORT' });
  // Proxies keep connections for a minute; a server that closes them sooner resets requests on their way.
  server.keepAliveTimeout = 65_000;
  closing.add('HTTP server', () => closeServer(server));
  // Before it: streams over HTTP hear why they end, and requests in flight can be answered.
  closing.add('subscriptions', feed.endAll);
  const webSocket = startWebSocket({
    server,
    graphql,
    authenticate: auth.authenticate,
    sockets,
    entrance,
    codeError,
    log,
    settings: {
      maxMessageBytes: config.MESSAGE_MAX_BYTES,
      maxUnreadBytes: config.SOCKET_HARD_MAX_BYTES,
      pingIntervalMs,
      backlog,
      trustedProxies,
    },
  });
  closing.add('WebSocket server', webSocket.close);
  const recheck = startRecheck({ query: lookUp, sockets, feed, log, settings: recheckSettings });
  closing.add('recheck', recheck.close);
  return { port };
}

/** Lets requests in flight end, but not for ever. */
async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const deadline = setTimeout(() => server.closeAllConnections(), 3_000);
  await closed;
  clearTimeout(deadline);
}

/** Of the API's own models; of other tables it is not known, and then any may be meant. */
function workspaceColumn(table: string): string | null {
  const field = models.find((model) => model.table === table)?.workspace;
  return field === undefined ? null : columnOf(field);
}

/** Null lets every origin in: in development only, or when it was asked for. */
function corsOrigins({ CORS_ORIGINS, NODE_ENV }: ApiSettings): readonly string[] | null {
  if (CORS_ORIGINS.includes('*')) return null;
  return CORS_ORIGINS.length === 0 && NODE_ENV !== 'production' ? null : CORS_ORIGINS;
}
