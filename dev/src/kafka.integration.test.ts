import { expect, test } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { startKafka } from './kafka.ts';
import { createTestFolder } from './test-folder.ts';
import { describeWithKafka } from './test-kafka.ts';

describeWithKafka('three brokers', () => {
  test('lose one of them without losing what was acknowledged', async () => {
    const t = performance.now();
    const kafka = await startKafka({ dataDir: await createTestFolder(), brokers: 3 });
    process.stderr.write(`3 brokers ${performance.now() - t}\n`);
    const client = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING });
    const admin = client.admin();
    await admin.connect();
    await admin.createTopics({
      topics: [{ topic: 'log', numPartitions: 1, replicationFactor: 3 }],
      waitForLeaders: true,
    });
    const { topics } = await admin.fetchTopicMetadata({ topics: ['log'] });
    const leader = topics[0]?.partitions[0]?.leader ?? 0;
    await admin.disconnect();
    const producer = client.producer();
    await producer.connect();
    await producer.send({ topic: 'log', acks: -1, messages: [{ value: 'kept' }] });
    await kafka.nodes[leader - 1]?.kill();
    expect(kafka.nodes[leader - 1]?.pid()).toBe(undefined);
    await producer.send({ topic: 'log', acks: -1, messages: [{ value: 'kept' }] });
    kafka.nodes[leader - 1]?.start();
    await producer.disconnect();
    await kafka.close();
  }, 120_000);
});
