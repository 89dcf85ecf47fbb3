import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import type { ChangeRecord } from '@sync-hub/stream/change-record';
import { checkLog, NO_FAULTS, twoContents } from './testing/check-log.ts';
import { createGate } from './testing/gate.ts';
import { createHub, type Hub } from './testing/hub.ts';
import { createCounters, writeConcurrently } from './testing/writers.ts';

jest.setTimeout(60_000);

let hub: Hub;
beforeEach(async () => {
  hub = await createHub();
  await createCounters(hub.database, 12);
  // Two batches, the second of several transactions, in pieces of a few rows.
  await hub.database.query(`UPDATE counters SET note = repeat('x', 20000)`);
});
afterEach(() => hub.close());

const SMALL_PIECES = { pieceBytes: 100_000 };

/** What was tried to be published, in calls. */
function recordAttempts(): ChangeRecord[][] {
  const attempts: ChangeRecord[][] = [];
  const { beforeStore } = hub.stream;
  hub.stream.beforeStore = async (records) => {
    attempts.push([...records]);
    await beforeStore(records);
  };
  return attempts;
}

describe('a relay that dies', () => {
  test('after its fence, before anything was sent: the next one sends that batch', async () => {
    const gate = createGate();
    hub.stream.beforeStore = gate.pass;
    const attempts = recordAttempts();
    const dead = await hub.startTerm();
    await gate.reached;
    const [fenced] = await hub.database.query('SELECT batch, tag::text, sent_seq FROM sync.batch');
    await dead.cut();

    hub.stream.beforeStore = () => {};
    await hub.startTerm();
    await hub.untilDrained();
    expect(hub.stream.changes()).toEqual(attempts[0]);
    expect(hub.stream.changes()[0]).toMatchObject({ seq: 1, batch: Number(fenced?.['batch']), tag: fenced?.['tag'] });
    gate.open();
  });

  test('after some pieces were acknowledged: the next one goes on from there', async () => {
    const gate = createGate({ nth: 3 });
    hub.stream.beforeStore = gate.pass;
    const dead = await hub.startTerm(SMALL_PIECES);
    await gate.reached;
    const acknowledged = hub.stream.stored.length;
    await dead.cut();

    hub.stream.beforeStore = () => {};
    const attempts = recordAttempts();
    await hub.startTerm(SMALL_PIECES);
    await hub.untilDrained();
    expect(attempts[0]?.[0]?.seq).toBe(acknowledged + 1);
    expect(hub.stream.stored).toEqual(hub.stream.log());
    expect(checkLog(hub.stream.log()).faults).toEqual(NO_FAULTS);
    gate.open();
  });

  test('after a piece was stored, before that was noted: the next one sends it again, record for record', async () => {
    const gate = createGate({ nth: 2 });
    hub.stream.afterStore = gate.pass;
    const dead = await hub.startTerm(SMALL_PIECES);
    await gate.reached;
    const stored = [...hub.stream.stored];
    await dead.cut();

    hub.stream.afterStore = () => {};
    const attempts = recordAttempts();
    await hub.startTerm(SMALL_PIECES);
    await hub.untilDrained();
    const again = attempts[0] ?? [];
    expect(again.length).toBeGreaterThan(0);
    expect(again).toEqual(stored.slice(-again.length));
    expect(checkLog(hub.stream.log()).faults).toEqual(NO_FAULTS);
    gate.open();
  });

  test('again and again, wherever it is: nothing is lost, doubled or disordered, and no seq has two contents', async () => {
    const until = AbortSignal.timeout(5_000);
    const writing = writeConcurrently(hub.database, { writers: 16, rows: 12, until });
    const stream = await hub.openStream();
    while (!until.aborted) {
      const dying = Math.random() < 0.5 ? 'beforeStore' : 'afterStore';
      const gate = createGate({ nth: Math.ceil(Math.random() * 5) });
      hub.stream[dying] = gate.pass;
      const term = await hub.startTerm({ pollMs: 20, pieceBytes: 2_000 }, stream);
      await gate.reached;
      await term.cut();
      hub.stream[dying] = () => {};
      gate.open();
    }
    await writing;
    await waitFor(() => hub.stream.stored.length > hub.stream.log().length, { what: 'a repetition' });
    await hub.startTerm();
    await hub.untilDrained();
    expect(checkLog(hub.stream.log()).faults).toEqual(NO_FAULTS);
    expect(twoContents(hub.stream.stored)).toEqual([]);
  });
});
