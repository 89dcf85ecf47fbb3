import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { WebSocket } from 'ws';
import { createEntrance } from '../entrance.ts';
import type { Frame } from '../feed/frame.ts';
import type { FrameEvent } from '../feed/frame-queue.ts';
import type { Context, Services } from '../model/context.ts';
import { createErrorCoder } from './coded-errors.ts';
import { createGraphql } from './graphql.ts';
import { createSockets } from './sockets.ts';
import { startWebSocket } from './websocket.ts';

const closes: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0).reverse()) await close();
});

const frame: Frame = { cursor: 'c', reset: true, upToDate: true, transaction: null, changes: [] };
const frameType = new GraphQLObjectType<Frame, Context>({
  name: 'Frame',
  fields: {
    memberOf: {
      type: GraphQLString,
      resolve: async (_, __, { authority }) => [...(await authority()).memberships.keys()].join(),
    },
  },
});
let endedQueues = 0;
const owner = {
  end() {
    endedQueues += 1;
  },
};
/** What `held` waits for, before it begins. */
let hold: () => Promise<void>;
/** Each subscription of `frames` is told one frame. */
const schema = new GraphQLSchema({
  query: frameType,
  subscription: new GraphQLObjectType<unknown, Context>({
    name: 'Subscription',
    fields: {
      frames: {
        type: frameType,
        subscribe(_, __, { openQueue }) {
          const queue = openQueue(owner);
          queue.push(frame, 1);
          return queue;
        },
        resolve: (event) => ('frame' in (event as FrameEvent) ? frame : null),
      },
      held: {
        type: frameType,
        async subscribe(_, __, { openQueue }) {
          await hold();
          return openQueue(owner);
        },
      },
    },
  }),
});

/** A socket of somebody whose memberships are what `join` has made of them, as Postgres says it. */
async function openSocket() {
  const memberships: object[] = [];
  const viewer = {
    userId: 'ada',
    sessionId: 's',
    tokenExpiresAt: new Date(Date.now() + 60_000),
  };
  const authenticate = async () => ({ ok: true as const, viewer: { ...viewer } });
  const log = { error: () => {} };
  const codeError = createErrorCoder({ log, suggestions: false });
  const backlog = {
    maxSubscriptions: 10,
    maxFrames: 10,
    maxBytes: 1e6,
    maxSubscriptionFrames: 10,
    maxSubscriptionBytes: 1e6,
    patienceMs: 5_000,
  };
  const { yoga: graphql } = createGraphql({
    schema,
    services: { query: async () => [{ viewerRole: 'MEMBER', viewerMembers: [...memberships] }] } as unknown as Services,
    authenticator: { authenticate, readBearer: () => ({ ok: true, viewer }), isLive: async () => true },
    codeError,
    settings: { isProduction: true, corsOrigins: null, backlog, trustedProxies: 0 },
  });
  const server = createServer();
  closes.push(() => void server.close());
  const settings = { maxMessageBytes: 1e5, maxUnreadBytes: 1e6, pingIntervalMs: 60_000, backlog, trustedProxies: 0 };
  const webSockets = startWebSocket({
    server,
    graphql,
    authenticate,
    sockets: createSockets(),
    entrance: createEntrance(),
    codeError,
    log,
    settings,
  });
  closes.push(webSockets.close);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connection = connect(port, '127.0.0.1');
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', {
    createConnection: () => connection,
  });
  closes.push(() => socket.terminate());
  await once(socket, 'open');
  const ask = async (message: object) => {
    socket.send(JSON.stringify(message));
    return JSON.parse(String((await once(socket, 'message'))[0])) as { payload?: unknown };
  };
  await ask({ type: 'connection_init', payload: { authorization: 'Bearer token' } });
  return {
    join: (workspaceId: string) => void memberships.push({ id: 'm', version: 1, workspaceId, role: 'EDITOR' }),
    /** What a new subscription is told first. */
    subscribe: async (id: string) => (await ask(subscription(id))).payload,
    /** Sends messages in one packet, and gives what is answered first. */
    async together(...messages: object[]) {
      const answer = once(socket, 'message');
      connection.cork();
      for (const message of messages) socket.send(JSON.stringify(message));
      connection.uncork();
      return JSON.parse(String((await answer)[0])) as object;
    },
    send: (message: object) => socket.send(JSON.stringify(message)),
  };
}

const subscription = (id: string) => ({
  type: 'subscribe',
  id,
  payload: { query: 'subscription { frames { memberOf } }' },
});

test('what a subscription loads is what its viewer may read by then, whatever the socket was told before', async () => {
  const { join, subscribe } = await openSocket();
  join('home');
  expect(await subscribe('1')).toEqual({ data: { frames: { memberOf: 'home' } } });
  join('elsewhere');
  expect(await subscribe('2')).toEqual({ data: { frames: { memberOf: 'home,elsewhere' } } });
});

test('an id that is used again at once is of its new subscription alone, which ends when its client ends it', async () => {
  const { join, subscribe, together, send } = await openSocket();
  endedQueues = 0;
  await subscribe('1');
  join('home');
  const complete = { type: 'complete', id: '1' };
  expect(await together(complete, subscription('1'))).toMatchObject({
    type: 'next',
    payload: { data: { frames: { memberOf: 'home' } } },
  });
  send(complete);
  await waitFor(() => endedQueues === 2, { what: 'the end of both' });
});

test('a subscription that is ended while it begins ends as soon as it has begun, whoever has its id by then', async () => {
  const { subscribe, send } = await openSocket();
  endedQueues = 0;
  let release = () => {};
  const isHeld = new Promise<void>((resolve) => {
    hold = () => {
      resolve();
      return new Promise((released) => {
        release = released;
      });
    };
  });
  send({ type: 'subscribe', id: '1', payload: { query: 'subscription { held { memberOf } }' } });
  await isHeld;
  send({ type: 'complete', id: '1' });
  expect(await subscribe('1')).toMatchObject({ data: { frames: {} } });
  release();
  await waitFor(() => endedQueues === 1, { what: 'the end of the first' });
  send({ type: 'complete', id: '1' });
  await waitFor(() => endedQueues === 2, { what: 'the end of the second' });
});
