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
  `of which commit → a reader of the log, ${stream} stream, p50`,
  `updateTask over HTTP, 2 clients, ${stream} stream`,
];

const rowsAtRest = (stream: string) => [
  `API at rest, ${stream} stream, RSS`,
  `API at rest, ${stream} stream, CPU`,
  `listener at rest, ${stream} stream, RSS`,
  `listener at rest, ${stream} stream, CPU`,
];

/** How the rows of the sections begin, in their order. */
const beginnings = [
  /^one event to 20 sockets$/,
  /^bursts of 16 events to 20 sockets$/,
  /^10 subscriptions to 10 rows, events$/,
  /^single-row writes, 2 writers/,
  /^updateTask over HTTP, 2 clients$/,
  ...(canWatchProcesses ? [/^an idle socket with a subscription/, /^20 clients come back with cursors/] : []),
  /^growth: one event to 5 sockets$/,
  /^growth: 20 rows in a transaction/,
  /^growth: 200 rows in a transaction/,
];

const mayBeNone = /scans of the table|idle socket|further subscription/;

const bench = (folder: string, brokers: readonly string[], ...options: string[]) =>
  promisify(execFile)(process.execPath, [main, '--smoke', '--results', folder, ...options], {
    env: { ...process.env, KAFKA_BROKERS: brokers.join() },
  });

/** No figure is judged: on a machine that runs tests they mean nothing. One run shows all: most of it is starts of hubs. */
test('the bench prints and writes every row, with Kafka those of Kafka, and profiles those that are asked for', async () => {
  const brokers = testKafkaBrokers() ?? [];
  const folder = await createTestFolder();
  const { stdout } = await bench(folder, brokers, '--profile');

  const files = readdirSync(folder);
  const [json = 'no JSON'] = files.filter((file) => file.endsWith('.json'));
  const { rows }: { rows: Row[] } = JSON.parse(readFileSync(join(folder, json), 'utf8'));
  const streams = brokers.length > 0 ? ['Postgres', 'Kafka'] : ['Postgres'];
  const whats = rows.map(({ what }) => what);
  const ofStreams = streams.flatMap(rowsOf);
  expect(whats.slice(0, ofStreams.length)).toEqual(ofStreams);
  const found = beginnings.map((beginning) => whats.findIndex((what) => beginning.test(what)));
  expect(found).toEqual(found.toSorted((a, b) => a - b));
  expect(found).not.toContain(-1);
  expect(whats.some((what) => what.startsWith('outbox → Kafka'))).toBe(brokers.length > 0);
  for (const { what, ours, beside } of rows) {
    expect(stdout).toContain(what);
    expect([what, ours]).toEqual([what, expect.any(Number)]);
    // Scans and bytes of a few sockets may be none.
    if (!mayBeNone.test(what)) expect(ours).toBeGreaterThan(0);
    if (beside !== null) expect(beside.value).toBeGreaterThan(0);
  }

  const profiled = [
    ...streams.flatMap((stream) => [`API at rest, ${stream} stream`, `listener at rest, ${stream} stream`]),
    'API, fan-out, one event at a time',
    'API, fan-out, bursts of 16',
    'API, 10 subscriptions to 10 rows',
    'listener, relay of 2 writers, Postgres stream',
    'API, updateTask from 2 clients',
    'API, 20 clients return with cursors',
    'API, 20 clients open the same watch',
    ...(brokers.length > 0 ? ['listener, draining to Kafka'] : []),
  ];
  for (const what of profiled) expect(stdout).toContain(`${what}, self time as a share of a core`);
  expect(files.filter((file) => file.endsWith('.cpuprofile'))).toHaveLength(profiled.length);
}, 300_000);

test('what it does not know it says in a line, and measures nothing', async () => {
  const folder = await createTestFolder();
  await expect(bench(folder, [], '--only', 'nothing')).rejects.toMatchObject({
    code: 64,
    stderr: expect.stringMatching(/^--only takes some of streams,.*, not nothing\n$/),
  });
  expect(readdirSync(folder)).toEqual([]);
});
