import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { type RunningPostgres, startPostgres } from '@sync-hub/dev/postgres';
import { copyDataDir } from '@sync-hub/dev/postgres-copy';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { describeWithKafka } from '@sync-hub/dev/test-kafka';
import { waitFor } from '@sync-hub/dev/wait-for';
import { migrate } from '@sync-hub/prisma/migrate';
import pg from 'pg';
import { copyInto } from './testing/copy-database.ts';
import { createHub, type Hub } from './testing/hub.ts';
import { createCounters } from './testing/writers.ts';

jest.setTimeout(60_000);

describeWithKafka('a listener that runs while its database is replaced', (brokers) => {
  let dataDir: string;
  let server: RunningPostgres;
  let hub: Hub;

  /** Ten transactions are in the copy of the disk and on the topic, ten more on the topic alone. */
  beforeEach(async () => {
    dataDir = await createTestFolder();
    server = await startPostgres({ dataDir });
    await migrate(server.url);
    hub = await createHub({ database: databaseAt(server.url), brokers });
    await createCounters(hub.database, 3);
    await hub.startRelay();
    await writeTen();
    await restart(() => copyDataDir(dataDir, copy()));
    await writeTen();
  });
  afterEach(async () => {
    await hub.close();
    await server.close();
  });

  const copy = () => `${dataDir}-copy`;

  async function writeTen(): Promise<void> {
    await waitFor(() => hub.database.query('SELECT'), { what: 'the server' });
    for (let n = 0; n < 10; n += 1) await hub.database.query('UPDATE counters SET n = n + 1');
    await hub.untilDrained();
  }

  async function restart(meanwhile: () => Promise<void>, settings: Record<string, string> = {}): Promise<void> {
    await server.close();
    await meanwhile();
    server = await startPostgres({ dataDir, port: server.port, settings });
  }

  const putCopyBack = () => copyDataDir(copy(), dataDir);

  async function expectEpoch2(): Promise<void> {
    const first = await waitFor(() => hub.stream.stored.find(({ epoch }) => epoch === 2), { what: 'epoch 2' });
    const before = hub.stream.stored.filter(({ epoch }) => epoch === 1).map(({ seq }) => seq);
    expect(first).toMatchObject({ kind: 'heartbeat' });
    expect(first.seq).toBeGreaterThan(Math.max(...before));
    const [row] = await hub.database.query<{ n: number }>('UPDATE counters SET n = n + 1 WHERE id = 1 RETURNING n');
    const change = await waitFor(
      () => hub.stream.stored.find((record) => record.epoch === 2 && record.kind === 'change'),
      { what: 'what is written in epoch 2' },
    );
    expect(change).toMatchObject({ key: '1', before: { n: 10 }, after: { n: 11 } });
    expect(row).toEqual({ n: 11 });
  }

  test('by a copy of its disk, under the same timeline, begins a new epoch: the topic goes on beyond the database', async () => {
    await restart(putCopyBack);
    await expectEpoch2();
  });

  test('by a recovery or a failover that lost commits begins a new epoch: the timeline is another', async () => {
    const putRecoveredBack = async () => {
      await putCopyBack();
      await writeFile(join(dataDir, 'recovery.signal'), '');
    };
    await restart(putRecoveredBack, { restore_command: 'false' });
    await expectEpoch2();
    const [relay] = await hub.database.query('SELECT timeline FROM sync.relay');
    expect(relay).toEqual({ timeline: '00000002' });
  });

  test('by a restored dump of it begins a new epoch: the server is another', async () => {
    await server.close();
    const { port } = server;
    const dumped = copy();
    const old = await startPostgres({ dataDir: dumped });
    dataDir = `${dataDir}-restored`;
    server = await startPostgres({ dataDir });
    try {
      await copyInto({ from: old.url, fromDir: dumped, to: server.url, toDir: dataDir, passwordOf: hub.database.url });
    } finally {
      await old.close();
    }
    await server.close();
    server = await startPostgres({ dataDir, port });
    await expectEpoch2();
  });

  test('by nothing else: started again on its own disk, the log goes on in its epoch', async () => {
    await restart(async () => {});
    await writeTen();
    expect(new Set(hub.stream.stored.map(({ epoch }) => epoch))).toEqual(new Set([1]));
  });
});

function databaseAt(url: string) {
  const pool = new pg.Pool({ connectionString: url, max: 8 });
  pool.on('error', () => {});
  const query = async <Row extends pg.QueryResultRow>(sql: string, params: readonly unknown[] = []) =>
    (await pool.query<Row>(sql, [...params])).rows;
  return { url, pool, query, close: () => pool.end() };
}
