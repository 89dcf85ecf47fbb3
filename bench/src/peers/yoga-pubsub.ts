/**
 * GraphQL Yoga, graphql-ws and `createPubSub`, wired as their documentation wires them; a trigger's NOTIFY carries the row
 * to `publish`. No rights, no log: who is not connected has missed it.
 *
 * @see https://the-guild.dev/graphql/yoga-server/docs/features/subscriptions
 */
import { createPubSub, createSchema, filter, pipe } from 'graphql-yoga';
import { readSettings, serve } from '../serve.ts';
import { listenToTasks, taskTypeDefs } from './notified-tasks.ts';
import { createYogaServer } from './yoga-server.ts';

interface Task {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly version: number;
}

const feed = readSettings<{ databaseUrl: string; channel: string }>();
const pubSub = createPubSub<{ taskChanged: [task: Task] }>();

const schema = createSchema({
  typeDefs: /* GraphQL */ `
    ${taskTypeDefs}
    type Subscription {
      taskChanged: Task!
      oneTaskChanged(id: ID!): Task!
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

await listenToTasks(feed, (payload) => pubSub.publish('taskChanged', JSON.parse(payload) as Task));
await serve(createYogaServer(schema));
