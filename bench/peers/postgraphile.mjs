/**
 * PostGraphile 5, grafserv and a subscription field over its `pgSubscriber`, wired as its documentation wires them, but for
 * one thing in its favour: the payload is the row, where its example reads the row again for each subscriber.
 *
 * @see https://postgraphile.org/postgraphile/5/subscriptions
 */
import { createServer } from 'node:http';
import { readSettings, serve } from '../dist/serve.js';

// It is made for Node 22 and up; this is all that it misses in Node 20.
Promise.withResolvers ??= () => {
  let resolve = () => {};
  let reject = () => {};
  const promise = new Promise((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
};
process.env['GRAPHILE_ENV'] = 'production';

const { postgraphile } = await import('postgraphile');
const { PostGraphileAmberPreset } = await import('postgraphile/presets/amber');
const { makePgService } = await import('postgraphile/adaptors/pg');
const { grafserv } = await import('postgraphile/grafserv/node');
const { extendSchema } = await import('postgraphile/utils');
const { context, listen } = await import('postgraphile/grafast');
const { jsonParse } = await import('postgraphile/@dataplan/json');

const { databaseUrl, channel } = readSettings();

const subscriptions = extendSchema({
  typeDefs: /* GraphQL */ `
    extend type Subscription {
      taskChanged: TaskChanged
    }
    type TaskChanged {
      id: ID!
      title: String!
      status: String!
      version: Int!
    }
  `,
  objects: {
    Subscription: {
      plans: {
        taskChanged: {
          subscribePlan: () => listen(context().get('pgSubscriber'), channel, jsonParse),
          plan: ($event) => $event,
        },
      },
    },
  },
});

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [subscriptions],
  // A schema without tables: what is subscribed to comes with the payload.
  pgServices: [makePgService({ connectionString: databaseUrl, schemas: ['empty'], pubsub: true })],
  // Its keepalive of 12 s takes a process that is busy for as long to have lost all its clients: their pongs wait unread.
  grafserv: { websockets: true, graphiql: false, websocketKeepalive: 0 },
});
const server = createServer();
await instance.createServ(grafserv).addTo(server);
await serve(server);
