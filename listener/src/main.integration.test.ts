import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { waitFor } from '@sync-hub/dev/wait-for';
import type { ChangeRecord } from '@sync-hub/stream/change-record';
import { parseRecord } from '@sync-hub/stream/parse-record';
import { checkLog, NO_FAULTS, twoContents } from './testing/check-log.ts';
import { buildListener, type ListenerProcess, startListener } from './testing/listener-process.ts';
import { createCounters, readCounters, writeConcurrently } from './testing/writers.ts';

jest.setTimeout(120_000);

let database: TestDatabase;
let listeners: ListenerProcess[];

beforeAll(buildListener);
beforeEach(async () => {
  database = await createTestDatabase();
  listeners = [];
  await createCounters(database, 12);
  // The log keeps one record a place: what was tried to be stored there is noted besides.
  await database.query('CREATE TABLE attempts (id bigint GENERATED ALWAYS AS IDENTITY, payload text)');
  await database.query(`CREATE FUNCTION note_attempt() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO attempts (payload) VALUES (NEW.payload); RETURN NEW; END $$`);
  await database.query('CREATE TRIGGER note BEFORE INSERT ON sync.log FOR EACH ROW EXECUTE FUNCTION note_attempt()');
});
afterEach(async () => {
  for (const listener of listeners) listener.signal('SIGKILL');
  await Promise.all(listeners.map(({ ended }) => ended));
  await database.close();
});

async function start(): Promise<ListenerProcess> {
  const listener = await startListener({ DATABASE_URL: database.url, LOG_LEVEL: 'info' });
  listeners.push(listener);
  return listener;
}

async function read(sql: string): Promise<ChangeRecord[]> {
  return (await database.query<{ payload: string }>(sql)).map(({ payload }) => parseRecord(payload));
}
const readLog = () => read('SELECT payload FROM sync.log ORDER BY epoch, seq');

async function untilDrained(): Promise<void> {
  const expected = JSON.stringify([...(await readCounters(database))].sort());
  await waitFor(async () => JSON.stringify([...checkLog(await readLog()).rows].sort()) === expected, {
    what: 'the log to hold what the table holds',
    timeoutMs: 30_000,
  });
}

const untilLeading = (listener: ListenerProcess, timeoutMs = 10_000) =>
  waitFor(async () => (await listener.ready()).why === 'leading', { what: 'a leader', timeoutMs });

describe('a listener process', () => {
  test('is ready, leading or standing by, and tells its metrics', async () => {
    const leader = await start();
    await untilLeading(leader);
    const standby = await start();
    expect(await standby.ready()).toEqual({ status: 200, why: 'standing by' });
    expect(await leader.ready()).toEqual({ status: 200, why: 'leading' });
    await untilDrained();
    expect(await leader.metrics()).toMatch(/^sync_relay_leader 1$/m);
    expect(await leader.metrics()).toMatch(/^sync_relay_epoch 1$/m);
    expect(await standby.metrics()).toMatch(/^sync_relay_leader 0$/m);
  });

  test('ends in order when it is told to, and the standby takes over', async () => {
    const leader = await start();
    await untilLeading(leader);
    const standby = await start();
    leader.signal('SIGTERM');
    expect(await leader.ended).toBe(0);
    await untilLeading(standby);
    await database.query('UPDATE counters SET n = n + 1');
    await untilDrained();
  });

  test('names everything that is wrong with its settings, and ends', async () => {
    await expect(startListener({ OUTBOX_POLL_MS: 'often', LISTENER_PORT: 'x' })).rejects.toThrow(
      /DATABASE_URL must be set.*LISTENER_PORT must be.*OUTBOX_POLL_MS must be/s,
    );
  });
});

test('a leader that is stopped loses its place after some two seconds, and does no harm when it goes on', async () => {
  const first = await start();
  await untilLeading(first);
  const standby = await start();
  await untilDrained();
  const stop = new AbortController();
  const writing = writeConcurrently(database, { writers: 4, rows: 12, until: stop.signal });
  await waitFor(async () => (await readLog()).length > 30, { what: 'the log to grow' });

  const stoppedAt = performance.now();
  first.signal('SIGSTOP');
  await untilLeading(standby, 10_000);
  expect(performance.now() - stoppedAt).toBeGreaterThan(1_000);
  expect(performance.now() - stoppedAt).toBeLessThan(6_000);
  const length = (await readLog()).length;
  await waitFor(async () => (await readLog()).length > length + 30, { what: 'the log to grow again' });

  first.signal('SIGCONT');
  await waitFor(async () => (await first.ready()).why === 'standing by', { what: 'the first to notice' });
  stop.abort();
  await writing;
  await untilDrained();
  expect((await standby.ready()).why).toBe('leading');
  expect(checkLog(await readLog()).faults).toEqual(NO_FAULTS);
  expect(twoContents(await read('SELECT payload FROM attempts ORDER BY id'))).toEqual([]);
});

test('kill -9 again and again under load: nothing is lost, doubled or disordered, and no seq has two contents', async () => {
  const until = AbortSignal.timeout(10_000);
  const writing = writeConcurrently(database, { writers: 16, rows: 12, until });
  let kills = 0;
  await start();
  while (!until.aborted) {
    const length = (await readLog()).length;
    await waitFor(async () => (await readLog()).length > length + Math.random() * 50, { what: 'the log to grow' });
    listeners.at(-1)?.signal('SIGKILL');
    kills += 1;
    await start();
  }
  await writing;
  await untilDrained();
  expect(kills).toBeGreaterThan(2);
  const log = await readLog();
  expect(checkLog(log).faults).toEqual(NO_FAULTS);
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  expect(twoContents(await read('SELECT payload FROM attempts ORDER BY id'))).toEqual([]);
});
