import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import { createConnect } from './connection.ts';
import { FencedOffError, fenceNext } from './fence.ts';
import { beginSession, readStanding } from './relay-session.ts';
import { checkLog, NO_FAULTS, twoContents } from './testing/check-log.ts';
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
  test("harm nothing, however often they take each other's place", async () => {
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
