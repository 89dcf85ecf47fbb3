import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import type { Batch } from './batch.ts';
import { type Connection, createConnect, QUEUE_SETTINGS } from './connection.ts';
import { FencedOffError, lookAndFence, recordSent } from './fence.ts';
import { beginSession, readStanding } from './relay-session.ts';
import { checkLog, NO_FAULTS, twoContents } from './testing/check-log.ts';
import { fenceNext } from './testing/fence-next.ts';
import { createGate } from './testing/gate.ts';
import { createHub, type Hub } from './testing/hub.ts';
import { createCounters, readCounters, writeConcurrently } from './testing/writers.ts';

jest.setTimeout(60_000);

let hub: Hub;
beforeEach(async () => {
  hub = await createHub();
  await createCounters(hub.database, 12);
});
afterEach(() => hub.close());

describe('relays that all believe to lead', () => {
  test.each([
    ['what they publish', false],
    ['what they store with its batch', true],
  ])("harm nothing, however often they take each other's place: %s", async (_, isStoredAtOnce) => {
    await hub.close();
    hub = await createHub({ isStoredAtOnce });
    await createCounters(hub.database, 12);
    const until = AbortSignal.timeout(5_000);
    let turns = 0;
    const takeTurns = async () => {
      const stream = await hub.openStream();
      while (!until.aborted) {
        const term = await hub.startTerm({ pollMs: 20 }, stream);
        turns += 1;
        await term.ended;
      }
    };
    // Whoever begins a session ends the other's: none stays long.
    const takingTurns = Promise.all([takeTurns(), takeTurns(), takeTurns()]);
    await writeConcurrently(hub.database, { writers: 16, rows: 12, until });
    // The last two may have ended each other: one by its session, one by its batch.
    await hub.startRelay();
    await hub.untilDrained();
    expect(turns).toBeGreaterThan(10);

    const { faults, rows } = checkLog(hub.stream.log());
    expect(faults).toEqual(NO_FAULTS);
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(await readCounters(hub.database)));
    expect(twoContents(hub.stream.stored)).toEqual([]);
    await hub.stopRelays();
    await takingTurns;
  });

  test('that fence the same batch at once: one gets it, the other is told so', async () => {
    const gate = createGate();
    hub.stream.afterStore = gate.pass;
    const first = await hub.startTerm();
    await gate.reached;
    hub.stream.afterStore = () => {};
    const second = await hub.startTerm();
    await waitFor(() => hub.stream.stored.length > 12, { what: 'the second relay to go on' });
    gate.open();
    expect(await first.ended).toBeInstanceOf(FencedOffError);
    await second.cut();
    expect(twoContents(hub.stream.stored)).toEqual([]);
  });
});

test('a batch of a deposed relay that arrives late, after newer ones, changes nothing', async () => {
  const late = createGate();
  hub.stream.beforeStore = late.pass;
  const deposed = await hub.startTerm();
  await late.reached;

  hub.stream.beforeStore = () => {};
  const leader = await hub.startTerm();
  await hub.untilDrained();
  for (let n = 0; n < 3; n += 1) {
    await hub.database.query('UPDATE counters SET n = n + 1');
    await hub.untilDrained();
  }
  const before = hub.stream.log();
  late.open();
  expect(await deposed.ended).toBeInstanceOf(FencedOffError);

  await hub.database.query('UPDATE counters SET n = n + 1');
  await hub.untilDrained();
  await leader.cut();
  expect(hub.stream.log().slice(0, before.length)).toEqual(before);
  expect(hub.stream.stored.length).toBeGreaterThan(hub.stream.log().length);
  expect(checkLog(hub.stream.log()).faults).toEqual(NO_FAULTS);
  expect(twoContents(hub.stream.stored)).toEqual([]);
});

describe('a look', () => {
  let connection: Connection;
  let session: string;
  let held: Batch;
  beforeEach(async () => {
    const term = await hub.startTerm();
    await hub.untilDrained();
    await term.cut();
    connection = await createConnect(hub.database.url)('relay', { ...QUEUE_SETTINGS, synchronous_commit: 'on' });
    ({ session, held } = await take());
    held = await recordSent(connection.query, held, Math.max(held.sentSeq, held.firstSeq));
  });
  afterEach(() => connection.end());

  async function take(): Promise<{ session: string; held: Batch }> {
    const begun = await beginSession(connection.query);
    const { newest } = await readStanding(connection.query, begun);
    if (newest === null) throw new Error('nothing was fenced');
    return { session: begun, held: newest };
  }
  const look = (isDue = false) => lookAndFence(connection.query, held, session, isDue);
  async function scalar(sql: string): Promise<string> {
    const [row] = await hub.database.query<{ value: string }>(`SELECT (${sql})::text AS value`);
    return row?.value ?? '';
  }
  const batches = () => scalar('SELECT count(*) FROM sync.batch');

  test('that finds nothing writes nothing, not even a transaction id', async () => {
    const before = await batches();
    await connection.query('BEGIN');
    expect(await look()).toMatchObject({ fenced: null, isWaiting: false });
    expect(await connection.query('SELECT pg_current_xact_id_if_assigned() AS xid')).toEqual([{ xid: null }]);
    await connection.query('COMMIT');
    expect(await batches()).toBe(before);
  });

  test('fences what has committed, from where the batch before ends, numbered on from what was acknowledged', async () => {
    await hub.database.query('UPDATE counters SET n = n + 1 WHERE id = 1');
    const { fenced, isWaiting } = await look();
    expect(isWaiting).toBe(true);
    expect(fenced).toEqual({
      batch: held.batch + 1,
      incarnation: await scalar('sync.server_incarnation()'),
      tag: expect.not.stringContaining(held.tag),
      from: held.to,
      to: expect.any(String),
      fencedAt: expect.stringMatching(/Z$/),
      firstSeq: held.sentSeq + 1,
      sentSeq: held.sentSeq,
    });
    expect(await scalar(`SELECT count(*) FROM sync.committed_between('${fenced?.from}', '${fenced?.to}')`)).toBe('1');
    // It is there to stay: whoever takes over finds the same.
    expect((await take()).held).toMatchObject({ ...fenced });
  });

  test('that is due fences also nothing, and what is open is left to the next', async () => {
    const open = await hub.database.pool.connect();
    await open.query('BEGIN; UPDATE counters SET n = n + 1 WHERE id = 1');
    const first = await look(true);
    expect(first.isWaiting).toBe(false);
    if (first.fenced === null) throw new Error('nothing was fenced');
    await open.query('COMMIT');
    open.release();
    held = await recordSent(connection.query, first.fenced, first.fenced.firstSeq);
    const second = await look();
    expect(second.isWaiting).toBe(true);
    expect(second.fenced).toMatchObject({ from: first.fenced.to, firstSeq: first.fenced.firstSeq + 1 });
  });

  test('fences nothing when the epoch is over, be there something to send or a heartbeat due', async () => {
    await hub.database.query('SELECT sync.new_epoch()');
    await hub.database.query('UPDATE counters SET n = n + 1 WHERE id = 1');
    const before = await batches();
    expect(await look(true)).toMatchObject({ fenced: null, isEpochOver: true });
    expect(await batches()).toBe(before);
    await expect(fenceNext(connection.query, held, session)).rejects.toThrow(FencedOffError);
  });

  test('of two that hold the same batch, at the same time, one fences; the other is told so', async () => {
    const other = await createConnect(hub.database.url)('relay', { ...QUEUE_SETTINGS, synchronous_commit: 'on' });
    for (let round = 0; round < 20; round += 1) {
      await hub.database.query('UPDATE counters SET n = n + 1 WHERE id = 1');
      const looks = await Promise.allSettled(
        [connection, other].map(({ query }) => lookAndFence(query, held, session, false)),
      );
      const fenced = looks.flatMap((look) => (look.status === 'fulfilled' && look.value.fenced) || []);
      expect(fenced).toHaveLength(1);
      expect(looks.flatMap((look) => (look.status === 'rejected' ? [look.reason] : []))).toEqual([
        expect.any(FencedOffError),
      ]);
      if (fenced[0] === undefined) return;
      held = await recordSent(connection.query, fenced[0], fenced[0].firstSeq);
    }
    await other.end();
  });

  test('fences nothing beyond what was acknowledged, nor for a session that is over', async () => {
    await hub.database.query('UPDATE counters SET n = n + 1 WHERE id = 1');
    const before = await batches();
    const unsent = { ...held, sentSeq: held.sentSeq + 1 };
    await expect(lookAndFence(connection.query, unsent, session, false)).rejects.toThrow(FencedOffError);
    await take();
    await expect(look()).rejects.toThrow(FencedOffError);
    expect(await batches()).toBe(before);
  });
});

test('a session of an earlier run of the server fences nothing', async () => {
  const { query, end } = await createConnect(hub.database.url)('relay');
  const term = await hub.startTerm();
  await hub.untilDrained();
  await term.cut();

  const session = await beginSession(query);
  const { newest } = await readStanding(query, session);
  if (newest === null) throw new Error('nothing was fenced');
  await query(`UPDATE sync.relay_session SET server_started_at = server_started_at - interval '1 second'`);
  await expect(fenceNext(query, newest, session)).rejects.toThrow(FencedOffError);
  await end();
});
