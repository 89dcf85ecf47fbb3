import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createTestDatabase } from '@sync-hub/dev/test-database';
import { waitFor } from '@sync-hub/dev/wait-for';
import { systemIdentifier } from './relay-session.ts';
import { checkLog, NO_FAULTS, twoContents } from './testing/check-log.ts';
import { createGate } from './testing/gate.ts';
import { createHub, type Hub } from './testing/hub.ts';
import { createCounters } from './testing/writers.ts';

jest.setTimeout(60_000);

let hub: Hub;
beforeEach(async () => {
  hub = await createHub();
  await createCounters(hub.database, 3);
});
afterEach(() => hub.close());

/** Ten transactions have been relayed, and the relay is gone. */
async function relayTen(): Promise<void> {
  const term = await hub.startTerm();
  for (let n = 0; n < 10; n += 1) {
    await hub.database.query('UPDATE counters SET n = n + 1');
    await hub.untilDrained();
  }
  await term.cut();
}

async function relayRow() {
  const [row] = await hub.database.query<{ epoch: string; epoch_id: string; batch: string }>(
    'SELECT * FROM sync.relay',
  );
  return { epoch: Number(row?.epoch), epochId: row?.epoch_id, batch: Number(row?.batch) };
}

const newestSeq = () => hub.stream.stored.at(-1)?.seq ?? 0;

describe('a tail that the stream has lost', () => {
  test('is sent again, record for record, from the batches that are kept', async () => {
    await relayTen();
    const before = hub.stream.log();
    await hub.database.query('DELETE FROM sync.log WHERE seq > 8');

    await hub.startTerm();
    await waitFor(() => newestSeq() > before.length, { what: 'the relay to go on' });
    const payloads = await hub.database.query<{ payload: string }>('SELECT payload FROM sync.log ORDER BY epoch, seq');
    expect(payloads.slice(0, before.length).map(({ payload }) => JSON.parse(payload))).toEqual(before);
    expect(twoContents(hub.stream.stored)).toEqual([]);
    expect((await relayRow()).epoch).toBe(1);
  });

  test('while a relay works is sent again as soon as a send has failed', async () => {
    await hub.startTerm();
    await hub.untilDrained();
    let failures = 0;
    hub.stream.beforeStore = async () => {
      if (failures > 0) return;
      failures += 1;
      await hub.database.query('DELETE FROM sync.log WHERE seq > 1');
      throw new Error('power cut');
    };
    await hub.database.query('UPDATE counters SET n = n + 1');
    await hub.untilDrained();
    const seqs = await hub.database.query<{ seq: string }>('SELECT seq FROM sync.log ORDER BY seq');
    expect(seqs.map(({ seq }) => Number(seq))).toEqual(seqs.map((_, index) => index + 1));
    expect(twoContents(hub.stream.stored)).toEqual([]);
  });

  test('that is not kept any more makes a new epoch', async () => {
    await relayTen();
    await hub.database.query('DELETE FROM sync.log WHERE seq > 3');
    await hub.database.query('DELETE FROM sync.batch WHERE batch < (SELECT max(batch) FROM sync.batch)');
    await hub.startTerm();
    await waitFor(async () => (await relayRow()).epoch === 2, { what: 'epoch 2' });
  });

  test('of which outbox rows were deleted by hand makes a new epoch', async () => {
    await relayTen();
    await hub.database.query('DELETE FROM sync.log WHERE seq > 3');
    await hub.database.query('DELETE FROM sync.outbox WHERE id = 9');
    await hub.startTerm();
    await waitFor(async () => (await relayRow()).epoch === 2, { what: 'epoch 2' });
  });

  test('of a stream that is empty now is sent again as far as it is kept', async () => {
    await relayTen();
    const before = hub.stream.log();
    await hub.database.query('TRUNCATE sync.log');
    await hub.startTerm();
    await waitFor(() => newestSeq() > before.length, { what: 'the relay to go on' });
    const payloads = await hub.database.query<{ payload: string }>('SELECT payload FROM sync.log ORDER BY epoch, seq');
    expect(payloads.slice(0, before.length).map(({ payload }) => JSON.parse(payload))).toEqual(before);
  });
});

test('a database that a dump was restored into, or that was copied, is another one, though the server is the same', async () => {
  const copy = await createTestDatabase();
  try {
    const identityOf = async (database: Pick<typeof copy, 'query'>) =>
      (await database.query<{ identity: string }>(`SELECT ${systemIdentifier} AS identity`))[0]?.identity;
    expect(await identityOf(copy)).toBe(await identityOf(copy));
    expect(await identityOf(copy)).not.toBe(await identityOf(hub.database));
    const before = await identityOf(copy);
    // As pg_restore --clean does.
    await copy.query(
      'CREATE TABLE old AS TABLE sync.relay_session; DROP TABLE sync.relay_session CASCADE; CREATE TABLE sync.relay_session AS TABLE old',
    );
    expect(await identityOf(copy)).not.toBe(before);
  } finally {
    await copy.close();
  }
});

describe('a new epoch begins', () => {
  // What each does to a database between two relays.
  const reasons: [string, string][] = [
    ['when the database is that of another server', `UPDATE sync.relay_session SET system_identifier = '1'`],
    ['when the server is on another timeline', `UPDATE sync.relay_session SET timeline = '00000000'`],
    [
      'when the database was set back to an earlier transaction',
      `UPDATE sync.batch SET to_snapshot = '999999999:999999999:' WHERE batch = (SELECT max(batch) FROM sync.batch)`,
    ],
    [
      'when the stream goes on beyond what was ever sent',
      `INSERT INTO sync.log SELECT epoch, seq + 5, replace(payload, '"seq":' || seq, '"seq":' || seq + 5) FROM sync.log ORDER BY seq DESC LIMIT 1`,
    ],
    [
      'when the stream holds a later epoch',
      `INSERT INTO sync.log SELECT 7, 70, replace(replace(payload, '"seq":' || seq, '"seq":70'), '"epoch":1', '"epoch":7') FROM sync.log ORDER BY seq DESC LIMIT 1`,
    ],
    ['when a seq has another tag', 'UPDATE sync.batch SET tag = gen_random_uuid()'],
    ['when somebody asked for it', 'SELECT sync.new_epoch()'],
  ];

  test.each(reasons)('%s', async (_, sql) => {
    await relayTen();
    const before = await relayRow();
    await hub.database.query(sql);
    const [stream] = await hub.database.query<{ epoch: string; seq: string }>(
      'SELECT epoch, seq FROM sync.log ORDER BY epoch DESC, seq DESC LIMIT 1',
    );
    await hub.database.query('UPDATE counters SET n = 50');

    await hub.startTerm();
    await waitFor(() => (hub.stream.stored.at(-1)?.epoch ?? 1) > 1, { what: 'a record of a new epoch' });
    const after = await relayRow();
    expect(after.epoch).toBe(Math.max(before.epoch, Number(stream?.epoch)) + 1);
    expect(after.epochId).not.toBe(before.epochId);
    expect(after.batch).toBeGreaterThan(before.batch);

    const begun = hub.stream.stored.filter(({ epoch }) => epoch === after.epoch);
    expect(begun[0]).toMatchObject({ kind: 'heartbeat', epochId: after.epochId });
    expect(begun[0]?.seq).toBeGreaterThan(Math.max(Number(stream?.seq), newestSeqOf(before.epoch)));

    await hub.database.query('UPDATE counters SET n = n + 1 WHERE id = 1');
    await waitFor(() => hub.stream.stored.at(-1)?.kind === 'change' || null, {
      what: 'what is written in the new epoch',
    });
    const changes = hub.stream.stored.filter(({ epoch, kind }) => epoch === after.epoch && kind !== 'heartbeat');
    expect(changes).toMatchObject([{ key: '1', after: { n: 51 } }]);
  });

  const newestSeqOf = (epoch: number) =>
    Math.max(...hub.stream.stored.filter((record) => record.epoch === epoch).map(({ seq }) => seq));

  test('while a relay works, when somebody asks for it', async () => {
    await hub.startTerm();
    await hub.untilDrained();
    await hub.database.query('SELECT sync.new_epoch()');
    await waitFor(() => hub.stream.stored.at(-1)?.epoch === 2, { what: 'a record of epoch 2' });
    await hub.database.query('SELECT sync.new_epoch()');
    await waitFor(() => hub.stream.stored.at(-1)?.epoch === 3, { what: 'a record of epoch 3' });
  });

  test('without what had committed before it, and with all of what was open then', async () => {
    await relayTen();
    const open = await hub.database.pool.connect();
    await open.query('BEGIN');
    await open.query('UPDATE counters SET n = 1000 WHERE id = 1');
    await hub.database.query('UPDATE counters SET n = 2000 WHERE id = 2');
    await hub.database.query('SELECT sync.new_epoch()');

    await hub.startTerm();
    await waitFor(() => hub.stream.stored.at(-1)?.epoch === 2, { what: 'a record of epoch 2' });
    const [outbox] = await hub.database.query('SELECT count(*)::int AS rows FROM sync.outbox');
    expect(outbox).toEqual({ rows: 0 });
    await open.query('UPDATE counters SET n = 1001 WHERE id = 3');
    await open.query('COMMIT');
    open.release();
    await waitFor(() => hub.stream.stored.filter(({ epoch, kind }) => epoch === 2 && kind === 'change').length === 2, {
      what: 'both changes of the open transaction',
    });
    const changes = hub.stream.stored.filter(({ epoch, kind }) => epoch === 2 && kind === 'change');
    expect(changes).toMatchObject([
      { key: '1', last: false, after: { n: 1000 } },
      { key: '3', last: true, after: { n: 1001 } },
    ]);
  });

  test('and rows of another server, whose transactions have ids that are yet to come here, are never told', async () => {
    await relayTen();
    await hub.database.query(`UPDATE sync.relay_session SET system_identifier = '1'`);
    await hub.database.query(`
      INSERT INTO sync.outbox (xid, "table", op, key, new)
      SELECT ((pg_current_xact_id()::text::bigint) + n)::text::xid8, 'counters', 'I', 'ghost', '{}' FROM generate_series(1, 60) AS n`);
    await hub.startTerm();
    await waitFor(() => hub.stream.stored.at(-1)?.epoch === 2, { what: 'a record of epoch 2' });
    for (let n = 0; n < 80; n += 1) await hub.database.query('UPDATE counters SET n = n + 1 WHERE id = 1');
    await waitFor(() => hub.stream.changes().length >= 33 + 80, { what: 'what was written since' });
    expect(hub.stream.changes().filter((record) => 'key' in record && record.key === 'ghost')).toEqual([]);
  });

  test('never because of what another relay has sent meanwhile', async () => {
    await relayTen();
    // One relay has read where it stands, and is then held while another takes over and goes on.
    const gate = createGate();
    const slow = await hub.openStream();
    const late = await hub.startTerm(
      {},
      {
        ...slow,
        async bounds() {
          await gate.pass();
          return slow.bounds();
        },
      },
    );
    await gate.reached;
    const leader = await hub.startTerm();
    await hub.database.query('UPDATE counters SET n = n + 1');
    await hub.untilDrained();
    gate.open();
    expect((await late.ended).name).toBe('FencedOffError');
    await leader.cut();
    expect((await relayRow()).epoch).toBe(1);
    expect(checkLog(hub.stream.log()).faults).toEqual(NO_FAULTS);
  });

  test('is taken up by the next relay when one dies in the middle of it', async () => {
    await relayTen();
    await hub.database.query(`UPDATE sync.relay_session SET new_epoch_reason = 'begun by a relay that died'`);
    await hub.database.query('DELETE FROM sync.outbox WHERE id < 20');
    await hub.startTerm();
    await waitFor(() => hub.stream.stored.at(-1)?.epoch === 2, { what: 'a record of epoch 2' });
  });
});

async function sessionNow(): Promise<unknown> {
  const [row] = await hub.database.query('SELECT session FROM sync.relay_session');
  return row?.['session'];
}

test('every relay begins a session of its own', async () => {
  const gate = createGate();
  hub.stream.beforeStore = gate.pass;
  const first = await hub.startTerm();
  await gate.reached;
  const one = await sessionNow();
  await first.cut();
  hub.stream.beforeStore = () => {};

  await hub.startTerm();
  await hub.untilDrained();
  expect(await sessionNow()).not.toBe(one);
  const [row] = await hub.database.query(
    'SELECT server_started_at = pg_postmaster_start_time() AS current FROM sync.relay',
  );
  expect(row).toEqual({ current: true });
  gate.open();
});
