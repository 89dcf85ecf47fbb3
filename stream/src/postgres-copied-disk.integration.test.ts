import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { type RunningPostgres, startPostgres } from '@sync-hub/dev/postgres';
import { copyDataDir } from '@sync-hub/dev/postgres-copy';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { waitFor } from '@sync-hub/dev/wait-for';
import { migrate } from '@sync-hub/prisma/migrate';
import { createPostgresStream } from './postgres-stream.ts';
import type { Stream } from './stream.ts';
import { collect, places } from './testing/collect.ts';
import { record, records } from './testing/records.ts';
import { silentLog } from './testing/silent-log.ts';
import { untilAcknowledged } from './testing/until-acknowledged.ts';

jest.setTimeout(60_000);

/** A server whose log ends at 20 and is read; and a copy of its disk from when the log ended at 10. */
let dataDir: string;
let server: RunningPostgres;
let streams: Stream[] = [];

beforeEach(async () => {
  dataDir = await createTestFolder();
  server = await startPostgres({ dataDir });
  await migrate(server.url);
  await (await open()).publish(records(1, 10));
  await restart(() => copyDataDir(dataDir, `${dataDir}-copy`));
  await untilAcknowledged(async () => (await open()).publish(records(11, 20)));
});
afterEach(async () => {
  await Promise.all(streams.map((stream) => stream.close()));
  streams = [];
  await server.close();
});

async function open(): Promise<Stream> {
  const settings = { databaseUrl: server.url, retentionMs: 3_600_000, log: silentLog };
  const stream = await createPostgresStream(settings);
  streams.push(stream);
  return stream;
}

async function restart(meanwhile: () => Promise<void> = async () => {}): Promise<void> {
  await server.close();
  await meanwhile();
  server = await startPostgres({ dataDir, port: server.port });
}

test('after an older copy of the disk was put back, a reader that had read further is told a gap, then the new history', async () => {
  const sink = collect();
  await (await open()).read('earliest', sink);
  await sink.until(20);
  await restart(() => copyDataDir(`${dataDir}-copy`, dataDir));
  await waitFor(() => sink.told.length > 20, { what: 'the gap' });
  await (await open()).publish(records(11, 25, { tag: 'tag-2' }));
  await sink.until(25);
  expect(sink.told).toEqual([...places(1, 20), 'gap 1/20 → 1/11', ...places(11, 25)]);
});

test('also when the new history has grown past it before it looks', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const sink = collect(({ seq }) => (seq === 20 ? held : undefined));
  await (await open()).read('earliest', sink);
  await sink.until(20);
  await restart(() => copyDataDir(`${dataDir}-copy`, dataDir));
  const relay = await open();
  await relay.publish(records(11, 25, { tag: 'tag-2' }));
  release();
  await waitFor(() => sink.told.length > 20, { what: 'the gap' });
  await relay.publish([record(26, { tag: 'tag-2' })]);
  await sink.until(26);
  expect(sink.told).toEqual([...places(1, 20), 'gap 1/20 → 1/26', '1/26']);
});

test('a server that is started again on its own disk costs a reader nothing', async () => {
  const sink = collect();
  await (await open()).read('earliest', sink);
  await sink.until(20);
  await restart();
  const relay = await open();
  await relay.publish(records(21, 23));
  await sink.until(23);
  await restart();
  await (await open()).publish([record(24)]);
  await sink.until(24);
  expect(sink.told).toEqual(places(1, 24));
});
