import { afterEach, expect, jest, test } from '@jest/globals';
import { type RunningPostgres, startPostgres } from '@sync-hub/dev/postgres';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { waitFor } from '@sync-hub/dev/wait-for';
import { migrate } from '@sync-hub/prisma/migrate';
import pg from 'pg';
import { checkLog, NO_FAULTS, twoContents } from './testing/check-log.ts';
import { createHub, type Hub } from './testing/hub.ts';
import { createCounters, readCounters } from './testing/writers.ts';

jest.setTimeout(60_000);

let hub: Hub;
let server: RunningPostgres;
afterEach(async () => {
  await hub.close();
  await server.close();
});

test.each([
  ['published', false],
  ['stored with their batch', true],
])(
  'after kill -9 of Postgres the relay goes on in the same epoch, nothing is lost, and its records, %s, tell the runs of the server apart',
  async (_, isStoredAtOnce) => {
    const dataDir = await createTestFolder();
    server = await startPostgres({ dataDir });
    await migrate(server.url);
    const pool = new pg.Pool({ connectionString: server.url, max: 8 });
    pool.on('error', () => {});
    const query = async <Row extends pg.QueryResultRow>(sql: string, params: readonly unknown[] = []) =>
      (await pool.query<Row>(sql, [...params])).rows;
    hub = await createHub({ isStoredAtOnce, database: { url: server.url, pool, query, close: () => pool.end() } });
    await createCounters(hub.database, 6);
    await hub.startRelay();
    await hub.untilDrained();

    const stop = new AbortController();
    const write = async () => {
      while (!stop.signal.aborted) {
        await query(`UPDATE counters SET n = n + 1 WHERE id = 1 + floor(random() * 6)`).catch(() => undefined);
      }
    };
    const writing = [write(), write(), write()];
    const untilRelayed = async (runs: ReadonlySet<string>) => {
      const ofThisRun = () => hub.stream.changes().filter(({ incarnation }) => !runs.has(incarnation));
      await waitFor(() => ofThisRun().length > 20, { what: 'records of this run of the server', timeoutMs: 20_000 });
    };
    const runs = new Set<string>();
    for (let kills = 0; kills < 3; kills += 1) {
      await untilRelayed(runs);
      for (const { incarnation } of hub.stream.stored) runs.add(incarnation);
      process.kill(server.pid, 'SIGKILL');
      await server.ended;
      server = await startPostgres({ dataDir, port: server.port });
    }
    await untilRelayed(runs);
    await waitFor(() => query('SELECT'), { what: 'the server' });
    stop.abort();
    await Promise.all(writing);
    await hub.untilDrained();

    const { faults, rows } = checkLog(hub.stream.log());
    expect(faults).toEqual(NO_FAULTS);
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(await readCounters(hub.database)));
    expect(twoContents(hub.stream.stored)).toEqual([]);
    expect(new Set(hub.stream.stored.map(({ incarnation }) => incarnation)).size).toBe(4);
    expect(new Set(hub.stream.stored.map(({ epoch }) => epoch))).toEqual(new Set([1]));
  },
);
