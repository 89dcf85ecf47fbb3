import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import type { ChangeRecord } from '@sync-hub/stream/change-record';
import { createCleanup } from './cleanup.ts';
import { type Connection, createConnect, QUEUE_SETTINGS } from './connection.ts';
import { createHub, type Hub } from './testing/hub.ts';
import { createCounters } from './testing/writers.ts';

jest.setTimeout(60_000);

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

let hub: Hub;
let connection: Connection;
beforeEach(async () => {
  hub = await createHub();
  await createCounters(hub.database, 3);
  connection = await createConnect(hub.database.url)('housekeeping', QUEUE_SETTINGS);
});
afterEach(async () => {
  await connection.end();
  await hub.close();
});

/** Resolves when everything before it has been acknowledged. */
async function beat(): Promise<void> {
  const last = hub.stream.stored.length;
  await waitFor(() => hub.stream.stored.slice(last).some(({ kind }) => kind === 'heartbeat'), { what: 'a heartbeat' });
}

/** Everything so far happened this much earlier. */
async function age(minutes: number): Promise<void> {
  await beat();
  await hub.database.query(`UPDATE sync.batch SET fenced_at = fenced_at - interval '${minutes} minutes'`);
  await hub.database.query(`UPDATE sync.claim SET created_at = created_at - interval '${minutes} minutes'`);
  await beat();
}

/** Ageing a batch changes the time of its heartbeat. */
function withoutTime({ at: _, ...record }: ChangeRecord) {
  return record;
}

async function write(sql = 'UPDATE counters SET n = n + 1'): Promise<void> {
  await hub.database.query(sql);
  await hub.untilDrained();
}

const outboxIds = async () =>
  (await hub.database.query<{ id: string }>('SELECT id FROM sync.outbox ORDER BY id')).map(({ id }) => Number(id));
const batches = async () =>
  (await hub.database.query<{ batch: string }>('SELECT batch FROM sync.batch ORDER BY batch')).map(({ batch }) =>
    Number(batch),
  );

test('what was acknowledged long ago goes, with its batches; what is younger stays', async () => {
  await hub.startTerm({ heartbeatMs: 100 });
  await write();
  await age(11);
  const [newest] = (await batches()).slice(-1);
  await write();

  await createCleanup({ keepMs: 10 * MINUTE_MS, retentionMs: DAY_MS }).run(connection.query);
  expect(await outboxIds()).toEqual([7, 8, 9]);
  expect((await batches())[0]).toBeLessThan(newest ?? 0);
});

test('what is kept can still be sent again as it was, after the stream has lost it', async () => {
  const term = await hub.startTerm({ heartbeatMs: 100 });
  await write();
  await age(11);
  await write();
  await write();
  await createCleanup({ keepMs: 10 * MINUTE_MS, retentionMs: DAY_MS }).run(connection.query);
  await term.cut();
  const [oldest] = await hub.database.query<{ seq: string }>(
    'SELECT first_seq AS seq FROM sync.batch ORDER BY batch LIMIT 1',
  );
  const before = hub.stream.log().filter(({ seq }) => seq >= Number(oldest?.seq));
  await hub.database.query('DELETE FROM sync.log WHERE seq >= $1', [oldest?.seq]);

  hub.stream.stored.length = 0;
  await hub.startTerm({ heartbeatMs: 100 });
  await waitFor(() => hub.stream.stored.length >= before.length, { what: 'the tail to be sent again' });
  expect(hub.stream.stored.slice(0, before.length).map(withoutTime)).toEqual(before.map(withoutTime));
  expect(hub.stream.stored.at(-1)?.epoch).toBe(1);
});

test('nothing that was not acknowledged goes, however old: while the stream is away nothing gets older', async () => {
  const term = await hub.startTerm({ heartbeatMs: 100 });
  await write();
  await beat();
  await term.cut();
  await hub.database.query('UPDATE counters SET n = n + 1');
  await hub.database.query(`UPDATE sync.batch SET fenced_at = fenced_at - interval '1 hour'`);
  const before = { ids: await outboxIds(), batches: await batches() };
  await createCleanup({ keepMs: 10 * MINUTE_MS, retentionMs: DAY_MS }).run(connection.query);
  expect({ ids: await outboxIds(), batches: await batches() }).toEqual(before);
});

test('rows of a transaction that was open meanwhile go in their turn, and no sooner', async () => {
  const cleanup = createCleanup({ keepMs: 10 * MINUTE_MS, retentionMs: DAY_MS });
  const open = await hub.database.pool.connect();
  await open.query('BEGIN');
  await open.query('UPDATE counters SET n = 100 WHERE id = 1');
  await hub.startTerm({ heartbeatMs: 100 });
  await write('UPDATE counters SET n = n + 1 WHERE id = 2');
  await age(11);
  await cleanup.run(connection.query);
  expect(await outboxIds()).toEqual([]);
  await open.query('COMMIT');
  open.release();
  await hub.untilDrained();
  await beat();
  await cleanup.run(connection.query);
  expect(await outboxIds()).toEqual([4]);

  await age(11);
  await cleanup.run(connection.query);
  expect(await outboxIds()).toEqual([]);
});

test('a claimed row stays for as long as the stream keeps the record that names it', async () => {
  const cleanup = createCleanup({ keepMs: 10 * MINUTE_MS, retentionMs: DAY_MS });
  await hub.startTerm({ heartbeatMs: 100 });
  await hub.database.query(`UPDATE counters SET note = repeat('x', 1000000) WHERE id = 1`);
  await waitFor(() => hub.stream.changes().length === 4, { what: 'the claim' });
  await hub.database.query('UPDATE counters SET n = 1 WHERE id = 2');
  await age(60);
  await cleanup.run(connection.query);
  expect(await outboxIds()).toEqual([4]);
  await age(23 * 60);
  await cleanup.run(connection.query);
  expect(await outboxIds()).toEqual([]);
  expect(await hub.database.query('SELECT FROM sync.claim')).toEqual([]);
});

test('a claimed row that is not acknowledged stays, however long the stream is away, and arrives when it is back', async () => {
  await hub.startTerm({ heartbeatMs: 100 });
  await write();
  const away = new Error('no broker answers');
  hub.stream.beforeStore = () => {
    throw away;
  };
  await hub.database.query(`UPDATE counters SET note = repeat('x', 1000000) WHERE id = 1`);
  await waitFor(async () => (await hub.database.query('SELECT FROM sync.claim')).length === 1, { what: 'the claim' });
  await hub.database.query(`UPDATE sync.claim SET created_at = created_at - interval '2 days'`);
  const before = await outboxIds();
  await createCleanup({ keepMs: 10 * MINUTE_MS, retentionMs: DAY_MS }).run(connection.query);
  expect(await outboxIds()).toEqual(before);
  hub.stream.beforeStore = () => {};
  await waitFor(() => hub.stream.stored.some(({ kind }) => kind === 'claim'), { what: 'the claim to be sent' });
  await beat();
  await createCleanup({ keepMs: 10 * MINUTE_MS, retentionMs: DAY_MS }).run(connection.query);
  expect(await hub.database.query('SELECT FROM sync.claim')).toHaveLength(1); // Its day begins when it was sent.
});

test('a transaction of many rows goes whole, in steps', async () => {
  await hub.database.query('INSERT INTO counters (id) SELECT generate_series(10, 12009)');
  await hub.startTerm({ heartbeatMs: 100 });
  await waitFor(() => hub.stream.stored.length >= 12_003, { what: 'all records' });
  await age(11);
  await createCleanup({ keepMs: 10 * MINUTE_MS, retentionMs: DAY_MS }).run(connection.query);
  expect(await outboxIds()).toEqual([]);
});
