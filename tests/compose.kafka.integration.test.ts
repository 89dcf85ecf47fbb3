import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { fetchKafkaJars } from '@sync-hub/dev/kafka-jars';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { describeWithKafka } from '@sync-hub/dev/test-kafka';
import { environmentOf, readCompose } from './docker/compose.ts';

describeWithKafka('the Kafka of docker-compose.yml', () => {
  test("is accepted by the image's own set-up, which formats its volume", async () => {
    const { services } = readCompose({ JWT_SECRET: 'unused here' });
    const environment = environmentOf(services['kafka']);
    const folder = await createTestFolder();
    const logDir = join(folder, 'data');
    // What the image does before it starts the broker; the class is in Kafka's own jars.
    const configs = ['default', 'mounted', 'final'].map(
      (name) => [`--${name}-configs-dir`, join(folder, name)] as const,
    );
    for (const path of [logDir, ...configs.map(([, path]) => path)]) mkdirSync(path);
    for (const file of ['server.properties', 'log4j2.yaml', 'tools-log4j2.yaml'])
      writeFileSync(join(folder, 'default', file), '');
    await promisify(execFile)(
      'java',
      ['-cp', join(await fetchKafkaJars(), '*'), 'kafka.docker.KafkaDockerWrapper', 'setup', ...configs.flat()],
      { env: { PATH: process.env['PATH'], ...environment, KAFKA_LOG_DIRS: logDir } },
    );
    const lines = (path: string) => readFileSync(join(folder, path), 'utf8').split('\n');
    expect(lines('final/server.properties')).toEqual(
      expect.arrayContaining(['process.roles=broker,controller', 'advertised.listeners=PLAINTEXT://kafka:9092']),
    );
    expect(lines('data/meta.properties')).toContain(`cluster.id=${environment['CLUSTER_ID']}`);
  }, 60_000);
});
