/**
 * GraphQL Yoga, graphql-ws and `createPubSub`, wired as their documentation wires them; a trigger's NOTIFY carries the row
 * to `publish`. No rights, no log: who is not connected has missed it.
 *
 * @see https://the-guild.dev/graphql/yoga-server/docs/features/subscriptions
 */
import { createServer } from 'node:http';
import type { ExecutionArgs } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, createYoga, filter, pipe } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { connect } from '../connect.ts';
import { readSettings, serve } from '../serve.ts';

interface Task {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly version: number;
}

interface Engine {
  execute(args: ExecutionArgs): unknown;
  subscribe(args: ExecutionArgs): unknown;
}

const { databaseUrl, channel } = readSettings<{ databaseUrl: string; channel: string }>();
const pubSub = createPubSub<{ taskChanged: [task: Task] }>();

const schema = createSchema({
  typeDefs: /* GraphQL */ `
    type Query {
      hello: String
    }
    type Subscription {
      taskChanged: Task!
      oneTaskChanged(id: ID!): Task!
    }
    type Task {
      id: ID!
      title: String!
      status: String!
      version: Int!
    }
  `,
  resolvers: {
    Subscription: {
      taskChanged: { subscribe: () => pubSub.subscribe('taskChanged'), resolve: (task: Task) => task },
      oneTaskChanged: {
        subscribe: (_: unknown, args: { id: string }) =>
          pipe(
            pubSub.subscribe('taskChanged'),
            filter((task) => task.id === args.id),
          ),
        resolve: (task: Task) => task,
      },
    },
  },
});

const yoga = createYoga({ schema, logging: false });
const server = createServer(yoga);
const webSockets = new WebSocketServer({ server, path: yoga.graphqlEndpoint });
useServer(
  {
    execute: (args) => (args.rootValue as Engine).execute(args) as never,
    subscribe: (args) => (args.rootValue as Engine).subscribe(args) as never,
    async onSubscribe(ctx, _id, params) {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...ctx,
        req: ctx.extra.request,
        socket: ctx.extra.socket,
        params,
      });
      const args = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      };
      const errors = validate(args.schema, args.document);
      return errors.length > 0 ? errors : args;
    },
  },
  webSockets,
);

const listener = await connect(databaseUrl);
listener.on('notification', ({ payload = '{}' }) => pubSub.publish('taskChanged', JSON.parse(payload) as Task));
await listener.query(`LISTEN ${channel}`);
await serve(server);
