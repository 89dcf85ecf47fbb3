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
import { connect } from '../connect.ts';
import { readSettings, serve } from '../serve.ts';
import { createYogaServer } from './yoga-server.ts';

const CHANNEL = 'taskChanged';

const { databaseUrl, channel, brokers } = readSettings<{
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
    type Query {
      hello: String
    }
    type Subscription {
      taskChanged: Task!
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
      taskChanged: {
        subscribe: () => pubSub.asyncIterator(CHANNEL),
        resolve: ({ value }: KafkaMessage) => JSON.parse(String(value)),
      },
    },
  },
});

const listener = await connect(databaseUrl);
listener.on('notification', ({ payload = '{}' }) => void pubSub.publish(CHANNEL, Buffer.from(payload)));
await listener.query(`LISTEN ${channel}`);
await serve(createYogaServer(schema));
