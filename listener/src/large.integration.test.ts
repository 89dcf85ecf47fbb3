import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import { checkLog, NO_FAULTS } from './testing/check-log.ts';
import { createHub, type Hub } from './testing/hub.ts';
import { createCounters } from './testing/writers.ts';

jest.setTimeout(90_000);

let hub: Hub;
beforeEach(async () => {
  hub = await createHub();
});
afterEach(() => hub.close());

describe('rows larger than the stream takes', () => {
  test('are claimed: the record names the outbox row, which holds them', async () => {
    const { database, stream } = hub;
    await createCounters(database, 1);
    await database.query(`UPDATE counters SET note = repeat('x', 2000000)`);
    await database.query('UPDATE counters SET n = 5');
    await database.query(`UPDATE counters SET note = 'small'`);
    await database.query('UPDATE counters SET n = 6');
    const relay = await hub.startRelay();
    await waitFor(() => stream.changes().length === 5, { what: 'five records' });
    expect(stream.changes().map(({ kind }) => kind)).toEqual(['change', 'claim', 'claim', 'claim', 'change']);

    const claim = stream.changes()[2];
    if (claim?.kind !== 'claim') throw new Error('no claim');
    const rows = await database.query(
      "SELECT key, (new->>'n')::int AS n, length(new->>'note') AS length FROM sync.outbox WHERE id = $1",
      [claim.outboxId],
    );
    expect(rows).toEqual([{ key: '1', n: 5, length: 2_000_000 }]);
    expect(await database.query('SELECT outbox_id, seq FROM sync.claim ORDER BY seq')).toEqual(
      stream
        .changes()
        .flatMap((record) =>
          record.kind === 'claim' ? [{ outbox_id: record.outboxId, seq: String(record.seq) }] : [],
        ),
    );
    expect(await relay.metric('claims')).toBe(3);
  });
});

describe('rows that can never be published', () => {
  test('are parked whole, with the reason, and a marker has their place in the log', async () => {
    const { database, stream } = hub;
    await createCounters(database, 1);
    await database.query('CREATE TABLE notes (id integer PRIMARY KEY, room text)');
    await database.query(`SELECT sync.track('notes', 'room')`);
    await database.query(`INSERT INTO notes VALUES (1, repeat('r', 2000000))`);
    await database.query(`INSERT INTO sync.outbox ("table", op, key, new) VALUES ('no such "table', 'X', '1', '[]')`);
    await database.query('UPDATE counters SET n = 1');
    const relay = await hub.startRelay();
    await waitFor(() => stream.changes().length === 4, { what: 'four records' });

    expect(stream.changes().map(({ kind, seq }) => `${kind} ${seq}`)).toEqual([
      'change 1',
      'lost 2',
      'lost 3',
      'change 4',
    ]);
    const parked = await database.query('SELECT *, length(scope) AS scope_length FROM sync.dead_letter ORDER BY seq');
    expect(parked).toMatchObject([
      { seq: '2', table: 'notes', op: 'I', key: '1', scope_length: 2_000_000, new: { id: 1 } },
      { seq: '3', table: 'no such "table', op: 'X', reason: 'unknown operation "X"' },
    ]);
    expect(stream.changes()[2]).toMatchObject({
      kind: 'lost',
      outboxId: parked[1]?.['outbox_id'],
      reason: 'unknown operation "X"',
    });
    expect(await relay.metric('deadLetters')).toBe(2);
  });
});

describe('a large batch', () => {
  test('of one transaction goes out whole and in order, in pieces of bounded bytes, each noted before the second after it is sent', async () => {
    const { database, stream } = hub;
    await createCounters(database, 50_000);
    const pieces: { bytes: number; first: number }[] = [];
    const noted: number[] = [];
    stream.beforeStore = async (records) => {
      pieces.push({ bytes: JSON.stringify(records).length, first: records[0]?.seq ?? 0 });
      const [row] = await database.query<{ sent: string }>(
        'SELECT sent_seq AS sent FROM sync.batch ORDER BY batch DESC LIMIT 1',
      );
      noted.push(Number(row?.sent));
    };
    await hub.startTerm({ pieceBytes: 2 ** 18 });
    await waitFor(() => stream.stored.length >= 50_000, { what: 'all records', timeoutMs: 60_000 });

    expect(checkLog(stream.log()).faults).toEqual(NO_FAULTS);
    expect(
      stream
        .changes()
        .filter(({ last }) => last)
        .map(({ seq }) => seq),
    ).toEqual([50_000]);
    expect(Math.max(...pieces.map(({ bytes }) => bytes))).toBeLessThan(2 ** 18);
    const begins = pieces.map(({ first }) => first - 1);
    for (const [index, seq] of noted.entries()) expect(begins.slice(Math.max(index - 1, 0), index + 1)).toContain(seq);
  });

  test('of rows of nearly a megabyte each is never in memory as a whole', async () => {
    const { database, stream } = hub;
    await createCounters(database, 20);
    await database.query(
      `UPDATE counters SET note = (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 12000) AS i)`,
    );
    await database.query('UPDATE counters SET n = 1');
    let most = 0;
    stream.beforeStore = (records) => {
      most = Math.max(
        most,
        records.reduce((sum, record) => sum + JSON.stringify(record).length, 0),
      );
      stream.stored.length = 0;
    };
    const term = await hub.startTerm();
    await waitFor(() => (stream.stored.at(-1)?.seq ?? 0) >= 60, { what: 'all records', timeoutMs: 60_000 });
    await term.cut();
    expect(most).toBeLessThan(1.5 * 2 ** 20);
  });
});
