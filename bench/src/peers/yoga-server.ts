import { createServer, type Server } from 'node:http';
import type { ExecutionArgs } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { createYoga, type YogaSchemaDefinition } from 'graphql-yoga';
import { WebSocketServer } from 'ws';

interface Engine {
  execute(args: ExecutionArgs): unknown;
  subscribe(args: ExecutionArgs): unknown;
}

/**
 * GraphQL Yoga with subscriptions over graphql-ws, as its documentation wires it.
 *
 * @see https://the-guild.dev/graphql/yoga-server/docs/features/subscriptions
 */
export function createYogaServer(schema: YogaSchemaDefinition<object, object>): Server {
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
    0, // Its keepalive of 12 s cuts off all clients of a process that is busy for as long: their pongs wait unread.
  );
  return server;
}
