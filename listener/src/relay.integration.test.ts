import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { describeWithKafka } from '@sync-hub/dev/test-kafka';
import { waitFor } from '@sync-hub/dev/wait-for';
import type { ChangeRecord } from '@sync-hub/stream/change-record';
import { checkLog, NO_FAULTS } from './testing/check-log.ts';
import { createHub, type Hub } from './testing/hub.ts';
import { createCounters, readCounters, writeConcurrently } from './testing/writers.ts';

jest.setTimeout(90_000);

let hub: Hub;
afterEach(() => hub.close());

async function loseNothing(): Promise<void> {
  const { database, stream } = hub;
  await createCounters(database, 12);
  await hub.startRelay();
  await writeConcurrently(database, { writers: 20, rows: 12, until: AbortSignal.timeout(6_000) });
  await hub.untilDrained();

  const { faults, rows } = checkLog(stream.log());
  expect(faults).toEqual(NO_FAULTS);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(await readCounters(database)));
  const [outbox] = await database.query<{ rows: number }>('SELECT count(*)::int AS rows FROM sync.outbox');
  expect(stream.changes()).toHaveLength(outbox?.rows ?? 0);
}

describe('on the Postgres stream', () => {
  beforeEach(async () => {
    hub = await createHub();
  });

  test(
    'twenty writers on twelve rows, with early xids, waits and rollbacks, lose, double and disorder nothing',
    loseNothing,
  );

  test('the same where batches are stored by the statement that fixes them', async () => {
    await hub.close();
    hub = await createHub({ isStoredAtOnce: true });
    await loseNothing();
    const [published] = await hub.database.query<{ batches: number }>(
      'SELECT count(*)::int AS batches FROM sync.batch WHERE sent_seq > first_seq',
    );
    expect(published?.batches).toBeGreaterThan(10);
  });

  test('a long transaction delays nobody, and comes whole once it has committed', async () => {
    const { database, stream } = hub;
    await createCounters(database, 3);
    await hub.startRelay();
    const long = await database.pool.connect();
    await long.query('BEGIN');
    await long.query('UPDATE counters SET n = 100 WHERE id = 1');

    for (let n = 1; n <= 5; n += 1) {
      await database.query('UPDATE counters SET n = n + 1 WHERE id = 2');
      await waitFor(() => countersOf(stream.changes()).get('2') === n, { what: 'a change beside the open one' });
      await long.query('UPDATE counters SET n = n + 1 WHERE id = 1');
    }
    expect(countersOf(stream.changes()).get('1')).toBe(0);
    await long.query('UPDATE counters SET n = n + 1 WHERE id = 3');
    await long.query('COMMIT');
    long.release();
    await hub.untilDrained();
    expect(checkLog(stream.log()).faults).toEqual(NO_FAULTS);
  });

  test.each([
    ['a few rows', 3],
    ['more rows than are read at a time', 1_500],
  ])('a transaction of %s that took its id first and wrote last comes last', async (_, rows) => {
    const { database, stream } = hub;
    await createCounters(database, rows);
    const early = await database.pool.connect();
    await early.query('BEGIN');
    await early.query('SELECT pg_current_xact_id()');
    await database.query('UPDATE counters SET n = 1');
    await early.query('UPDATE counters SET n = 2');
    await early.query('COMMIT');
    early.release();
    await hub.startTerm();
    await hub.untilDrained();
    expect(checkLog(stream.log()).faults).toEqual(NO_FAULTS);
    expect(
      stream
        .changes()
        .filter(({ last }) => last)
        .map(({ seq }) => seq),
    ).toEqual([rows, 2 * rows, 3 * rows]);
  });

  test('what was written before the first relay ever started is told', async () => {
    await createCounters(hub.database, 5);
    await hub.database.query('UPDATE counters SET n = 7');
    await hub.startRelay();
    await hub.untilDrained();
    expect(hub.stream.changes()).toHaveLength(10);
  });

  test('without nudges, changes are found by polling', async () => {
    const { database } = hub;
    await createCounters(database, 1);
    const client = await database.pool.connect();
    await client.query('SET sync.nudge = off');
    await hub.startTerm({ pollMs: 200, heartbeatMs: 60_000 });
    await hub.untilDrained();
    for (let n = 0; n < 5; n += 1) {
      await client.query('UPDATE counters SET n = n + 1');
      await hub.untilDrained(10_000);
    }
    client.release();
  });

  test('a nudge is followed long before the next poll', async () => {
    await createCounters(hub.database, 1);
    await hub.startTerm({ pollMs: 60_000, heartbeatMs: 60_000 });
    await hub.untilDrained();
    for (let n = 0; n < 5; n += 1) {
      await hub.database.query('UPDATE counters SET n = n + 1');
      await hub.untilDrained(10_000);
    }
  });

  test('a quiet log has one heartbeat about each second, and nothing else is written', async () => {
    const { database, stream } = hub;
    await hub.startRelay();
    await waitFor(() => stream.log().length >= 2, { what: 'the first heartbeats' });
    // Of this database alone; transaction ids are the whole server's. Each connection reports at most once a second.
    const writes = async () =>
      Number(
        (
          await database.query<{ rows: string }>(
            'SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) AS rows FROM pg_stat_user_tables',
          )
        )[0]?.rows,
      );
    const before = { records: stream.log().length, writes: await writes() };
    const startedAt = performance.now();
    await waitFor(() => stream.log().length >= before.records + 4, { what: 'four heartbeats' });
    const seconds = (performance.now() - startedAt) / 1000;

    expect(seconds).toBeGreaterThan(2.5);
    expect(seconds).toBeLessThan(10);
    // A fence, a note of what was sent, and the record itself on this stream.
    expect(((await writes()) - before.writes) / 4).toBeLessThanOrEqual(4);
    expect(stream.log().map(({ kind, last }) => `${kind} ${last}`)).toEqual(stream.log().map(() => 'heartbeat true'));
    expect(stream.log().map(({ batch }) => batch)).toEqual(stream.log().map((_, index) => index + 1));
  });

  test('TRUNCATE is told as such, in its place', async () => {
    const { database, stream } = hub;
    await createCounters(database, 2);
    await database.query('TRUNCATE counters');
    await database.query('INSERT INTO counters (id) VALUES (9)');
    await hub.startRelay();
    await waitFor(() => stream.changes().length === 4, { what: 'four records' });
    expect(stream.changes().map(({ kind }) => kind)).toEqual(['change', 'change', 'truncate', 'change']);
    expect(stream.changes()[2]).toMatchObject({ kind: 'truncate', table: 'counters', last: true });
  });

  test('a record says who wrote it, when, and in which shape of the table', async () => {
    const { database, stream } = hub;
    await createCounters(database, 1);
    const client = await database.pool.connect();
    await client.query('BEGIN');
    await client.query(`SELECT set_config('sync.actor', 'ada', true), set_config('sync.mutation_id', 'm1', true),
      set_config('sync.actor_session', 's1', true), set_config('sync.traceparent', '00-1-2-01', true)`);
    await client.query(`UPDATE counters SET note = 'ü "quoted"', n = 3`);
    const { rows } = await client.query('SELECT pg_current_xact_id()::text AS xid');
    await client.query('COMMIT');
    client.release();
    await hub.startRelay();
    const [relay] = await waitFor(
      async () =>
        stream.changes().length === 2
          ? await database.query('SELECT *, epoch_id::text, sync.server_incarnation() AS incarnation FROM sync.relay')
          : null,
      { what: 'both records' },
    );
    const [shape] = await database.query<{ shape: string }>(`SELECT sync.shape('counters') AS shape`);
    expect(stream.changes()[1]).toEqual({
      v: 1,
      kind: 'change',
      epoch: 1,
      epochId: relay?.['epoch_id'],
      incarnation: relay?.['incarnation'],
      seq: 2,
      batch: 1,
      tag: expect.stringMatching(/^[0-9a-f-]{36}$/),
      last: true,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      xid: rows[0].xid,
      table: 'counters',
      op: 'U',
      key: '1',
      scope: null,
      shape: shape?.shape,
      actor: 'ada',
      actorSession: 's1',
      mutationId: 'm1',
      traceparent: '00-1-2-01',
      before: { id: 1, version: 1, n: 0, note: null },
      after: { id: 1, version: 2, n: 3, note: 'ü "quoted"' },
    });
  });
});

describeWithKafka('on Kafka', (brokers) => {
  beforeEach(async () => {
    hub = await createHub({ brokers });
  });

  test(
    'twenty writers on twelve rows, with early xids, waits and rollbacks, lose, double and disorder nothing',
    loseNothing,
  );
});

/** `n` of each counter, as the log has it. */
function countersOf(records: readonly ChangeRecord[]): Map<string, unknown> {
  return new Map(records.flatMap((record) => (record.kind === 'change' ? [[record.key, record.after?.['n']]] : [])));
}
