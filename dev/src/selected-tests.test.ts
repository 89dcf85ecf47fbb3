import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { someSelectedTestMentions } from './selected-tests.ts';

let rootDir: string;
beforeEach(() => {
  rootDir = mkdtempSync(join(tmpdir(), 'selected-'));
  const file = (path: string, text: string) => {
    mkdirSync(join(rootDir, path, '..'), { recursive: true });
    writeFileSync(join(rootDir, path), text);
  };
  file('stream/src/order.integration.test.ts', "describeWithKafka('order')");
  file('prisma/src/migrate.integration.test.ts', 'createTestDatabase()');
  file('prisma/src/kafka.test.ts', 'kafka');
  file('node_modules/kafka/src/kafka.integration.test.ts', 'kafka');
});
afterEach(() => rmSync(rootDir, { recursive: true }));

const needsKafka = (...patterns: string[]) => someSelectedTestMentions(/kafka/i, { rootDir, patterns });

test('Kafka is started for a run of everything, and for the tests that name it', () => {
  expect(needsKafka()).toBe(true);
  expect(needsKafka('stream')).toBe(true);
  expect(needsKafka('prisma', 'order')).toBe(true);
});

test('Kafka is not started for tests that have no use for it', () => {
  expect(needsKafka('prisma')).toBe(false);
  expect(needsKafka('no such file')).toBe(false);
});
