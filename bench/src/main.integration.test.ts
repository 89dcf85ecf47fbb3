import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { testKafkaBrokers } from '@sync-hub/dev/test-kafka';
import { canWatchProcesses } from './process-usage.ts';
import type { Row } from './row.ts';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

const rowsOf = (stream: string) => [
  ...(canWatchProcesses ? rowsAtRest(stream) : []),
  `commit → client, idle, ${stream} stream, p50`,
  `commit → client, idle, ${stream} stream, p99`,
  `updateTask over HTTP, 2 clients, ${stream} stream`,
];

const rowsAtRest = (stream: string) => [
  `API at rest, ${stream} stream, RSS`,
  `API at rest, ${stream} stream, CPU`,
  `listener at rest, ${stream} stream, RSS`,
  `listener at rest, ${stream} stream, CPU`,
];

/** No figure is judged: on a machine that runs tests they mean nothing. */
test('the bench prints and writes every row, with Kafka those of Kafka, and profiles each process', async () => {
  const brokers = testKafkaBrokers() ?? [];
  const folder = await createTestFolder();
  const { stdout } = await promisify(execFile)(process.execPath, [main, '--smoke', '--profile', '--results', folder], {
    env: { ...process.env, KAFKA_BROKERS: brokers.join() },
  });

  const files = readdirSync(folder);
  const [json = 'no JSON'] = files.filter((file) => file.endsWith('.json'));
  const { rows }: { rows: Row[] } = JSON.parse(readFileSync(join(folder, json), 'utf8'));
  const streams = brokers.length > 0 ? ['Postgres', 'Kafka'] : ['Postgres'];
  expect(rows.map(({ what }) => what)).toEqual(streams.flatMap(rowsOf));
  for (const { what, ours, beside } of rows) {
    expect(stdout).toContain(what);
    expect([what, ours]).toEqual([what, expect.any(Number)]);
    expect(ours).toBeGreaterThan(0);
    if (beside !== null) expect(beside.value).toBeGreaterThan(0);
  }
  expect(files.filter((file) => file.endsWith('.cpuprofile'))).toHaveLength(2 * streams.length);
}, 180_000);
