/**
 * graphql-kafkajs-subscriptions behind GraphQL Yoga, with the resolvers that its README shows. What a trigger's NOTIFY
 * carries is published to Kafka, and comes back to the subscribers from there.
 *
 * @see https://www.npmjs.com/package/graphql-kafkajs-subscriptions
 */
import { randomUUID } from 'node:crypto';
import { KafkaPubSub } from 'graphql-kafkajs-subscriptions';
import { createSchema } from 'graphql-yoga';
import { Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import { readSettings, serve } from '../serve.ts';
import { listenToTasks, taskTypeDefs } from './notified-tasks.ts';
import { createYogaServer } from './yoga-server.ts';

const CHANNEL = 'taskChanged';

const { brokers, ...feed } = readSettings<{
  databaseUrl: string;
  channel: string;
  brokers: readonly string[];
}>();
const topic = `bench-${randomUUID()}`;
const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.ERROR });
const admin = kafka.admin();
await admin.connect();
await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1 }], waitForLeaders: true });
await admin.disconnect();
const pubSub = await KafkaPubSub.create({ topic, kafka, groupIdPrefix: topic });

const schema = createSchema({
  typeDefs: /* GraphQL */ `
    ${taskTypeDefs}
    type Subscription {
      taskChanged: Task!
    }
  `,
  resolvers: {
    Subscription: {
      taskChanged: {
        subscribe: () => pubSub.asyncIterator(CHANNEL),
        resolve: ({ value }: KafkaMessage) => JSON.parse(String(value)),
      },
    },
  },
});

await listenToTasks(feed, (payload) => void pubSub.publish(CHANNEL, Buffer.from(payload)));
await serve(createYogaServer(schema));
