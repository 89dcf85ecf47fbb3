import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { describeWithKafka } from '@sync-hub/dev/test-kafka';
import { waitFor } from '@sync-hub/dev/wait-for';
import kafkajs, { type ITopicConfig } from 'kafkajs';
import { TopicUnusableError } from './kafka-topic.ts';
import { createKafkaLog, type KafkaTestLog } from './testing/test-logs.ts';

jest.setTimeout(30_000);

describeWithKafka('the topic of the log', (brokers) => {
  let log: KafkaTestLog;
  beforeEach(async () => {
    log = await createKafkaLog(brokers);
  });
  afterEach(() => log.close());

  /** Waiting for leaders, kafkajs gives up when a broker does not know the topic yet. */
  async function createTopic(config: Omit<ITopicConfig, 'topic'>) {
    const { topic, admin } = log;
    await admin.createTopics({ topics: [{ topic, ...config }], waitForLeaders: false });
    await waitFor(() => admin.fetchTopicMetadata({ topics: [topic] }), { what: 'the topic' });
  }

  test('is made with one partition, kept by age as the broker counts it, and never compacted', async () => {
    await log.open();
    const { topics } = await log.admin.fetchTopicMetadata({ topics: [log.topic] });
    expect(topics[0]?.partitions).toHaveLength(1);
    const { resources } = await log.admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: log.topic }],
    });
    const config = Object.fromEntries(
      (resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]),
    );
    expect(config).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': '86400000',
      'min.insync.replicas': '1',
      'message.timestamp.type': 'LogAppendTime',
    });
  });

  test('is made once, however many processes start at the same moment', async () => {
    await Promise.all([log.open(), log.open(), log.open()]);
  });

  test('is refused with more than one partition, by a message that says what to do', async () => {
    await createTopic({ numPartitions: 3 });
    const opening = log.open();
    await expect(opening).rejects.toThrow(TopicUnusableError);
    await expect(opening).rejects.toThrow(
      `topic ${log.topic} has 3 partitions, but the log needs exactly one to keep its order: name another topic, or delete this one`,
    );
  });

  test.each(['compact', 'compact,delete'])('is refused with cleanup.policy=%s', async (policy) => {
    const configEntries = [{ name: 'cleanup.policy', value: policy }];
    await createTopic({ numPartitions: 1, configEntries });
    await expect(log.open()).rejects.toThrow(`topic ${log.topic} has cleanup.policy=${policy}`);
  });

  test('takes records as large as its own limit allows, when that is lower', async () => {
    const configEntries = [{ name: 'max.message.bytes', value: '100000' }];
    await createTopic({ numPartitions: 1, configEntries });
    const stream = await log.open();
    expect(stream.maxRecordBytes).toBeLessThan(100_000);
    expect(stream.maxRecordBytes).toBeGreaterThan(99_000);
  });
});
