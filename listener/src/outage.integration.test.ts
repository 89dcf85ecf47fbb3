import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { startKafka } from '@sync-hub/dev/kafka';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { describeWithKafka } from '@sync-hub/dev/test-kafka';
import { waitFor } from '@sync-hub/dev/wait-for';
import type { ChangeRecord } from '@sync-hub/stream/change-record';
import { measureBacklog } from './backlog.ts';
import type { Query } from './connection.ts';
import { checkLog, NO_FAULTS, twoContents } from './testing/check-log.ts';
import { createHub, type Hub } from './testing/hub.ts';
import { createCounters, readCounters, writeConcurrently } from './testing/writers.ts';

jest.setTimeout(90_000);

let hub: Hub;
afterEach(() => hub.close());

const away = () => {
  throw new Error('no broker answers');
};

describe('on the Postgres stream', () => {
  beforeEach(async () => {
    hub = await createHub();
    await createCounters(hub.database, 12);
  });

  test('while the stream is away writes commit as ever, and afterwards the backlog goes out in order', async () => {
    const { database, stream } = hub;
    const relay = await hub.startRelay();
    await hub.untilDrained();
    const before = stream.log().length;
    stream.beforeStore = away;
    const { committed } = await writeConcurrently(database, {
      writers: 8,
      rows: 12,
      until: AbortSignal.timeout(4_000),
    });
    expect(committed).toBeGreaterThan(50);
    expect(stream.log()).toHaveLength(before);
    await waitFor(async () => (await relay.metric('publishFailures')) > 2, { what: 'several attempts' });
    await waitFor(async () => (await relay.metric('backlogRows')) > 50, { what: 'the backlog to be measured' });
    expect(await relay.metric('lagSeconds')).toBeGreaterThan(1);
    expect(relay.isLeading()).toBe(true);

    stream.beforeStore = () => {};
    await hub.untilDrained();
    expect(checkLog(stream.log()).faults).toEqual(NO_FAULTS);
    await waitFor(async () => (await relay.metric('backlogRows')) === 0, { what: 'the backlog to be gone' });
  });

  test('what waits is measured also when more of its batch was sent than is counted', async () => {
    const relay = await hub.startRelay({ pieceBytes: 2 ** 16 });
    await hub.untilDrained();
    const { length } = hub.stream.stored;
    hub.stream.beforeStore = () => {
      if (hub.stream.stored.length > length) throw new Error('no broker answers');
    };
    await hub.database.query('INSERT INTO counters (id) SELECT generate_series(1000, 3999)');
    await waitFor(() => hub.stream.stored.length > length, { what: 'a piece of the batch' });
    const sent = hub.stream.stored.length - length;
    const query: Query = async <Row>(text: string, values?: readonly unknown[]) =>
      (await hub.database.pool.query(text, [...(values ?? [])])).rows as Row[];
    const countLimit = 2;
    expect(sent).toBeGreaterThan(countLimit);
    await waitFor(async () => (await measureBacklog(query, countLimit)).rows > 0, { what: 'the backlog' });
    expect((await measureBacklog(query)).rows).toBe(3_000 - sent);
    await relay.stop();
  });

  test('a listener that leads no more tells of no backlog: the one that leads now measures it', async () => {
    const relay = await hub.startRelay();
    hub.stream.beforeStore = away;
    await hub.database.query('UPDATE counters SET n = n + 1');
    await waitFor(async () => (await relay.metric('lagSeconds')) > 0, { what: 'the backlog to be measured' });
    expect(await relay.metric('backlogRows')).toBeGreaterThanOrEqual(12);
    await relay.stop();
    const told = [await relay.metric('leader'), await relay.metric('backlogRows'), await relay.metric('lagSeconds')];
    expect(told).toEqual([0, 0, 0]);
  });

  test('while the stream is away the relay holds no transaction open and keeps nothing from being vacuumed', async () => {
    const { database, stream } = hub;
    stream.beforeStore = away;
    const relay = await hub.startRelay();
    await waitFor(async () => (await relay.metric('publishFailures')) > 1, { what: 'several attempts' });
    // Between two attempts every connection of ours is idle; during one it may be seen at work, so look for a lasting one.
    const [now] = await database.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid');
    await waitFor(
      async () => {
        const holding = await database.query(
          `SELECT FROM pg_stat_activity WHERE application_name LIKE 'sync-hub%' AND datname = current_database()
           AND (backend_xmin::text::bigint <= $1 OR backend_xid::text::bigint <= $1 OR state LIKE 'idle in transaction%')`,
          [now?.xid],
        );
        return holding.length === 0;
      },
      { what: 'no connection of the relay to hold anything of before', timeoutMs: 2_000 },
    );
  });

  test('a send that was stored though it was not acknowledged is repeated, and readers see it once', async () => {
    const { database, stream } = hub;
    let failures = 0;
    stream.afterStore = () => {
      failures += 1;
      if (failures % 2 === 1) throw new Error('the answer was lost');
    };
    await hub.startRelay();
    for (let n = 0; n < 5; n += 1) {
      await database.query('UPDATE counters SET n = n + 1');
      await hub.untilDrained();
    }
    await waitFor(() => stream.stored.length > stream.log().length, { what: 'a repetition' });
    expect(twoContents(stream.stored)).toEqual([]);
    expect(checkLog(stream.log()).faults).toEqual(NO_FAULTS);
  });
});

describeWithKafka('on Kafka', () => {
  test('the broker is killed and comes back: writes commit as ever, and every change is on the topic once and in order', async () => {
    const kafka = await startKafka({ dataDir: await createTestFolder() });
    hub = await createHub({ brokers: kafka.brokers });
    const { database, stream } = hub;
    await createCounters(database, 12);
    const relay = await hub.startRelay();
    await hub.untilDrained();

    const writing = writeConcurrently(database, { writers: 8, rows: 12, until: AbortSignal.timeout(8_000) });
    await waitFor(() => stream.changes().length > 100, { what: 'the log to grow' });
    await kafka.nodes[0]?.kill();
    await waitFor(async () => (await relay.metric('backlogRows')) > 100, { what: 'a backlog', timeoutMs: 15_000 });
    kafka.nodes[0]?.start();
    const { committed } = await writing;
    expect(committed).toBeGreaterThan(100);
    await hub.untilDrained();

    const read: ChangeRecord[] = [];
    const gaps: unknown[] = [];
    const reader = await (await hub.openStream()).read('earliest', {
      record: (record) => void read.push(record),
      gap: (gap) => void gaps.push(gap),
      unreadable: (error) => void gaps.push(error),
    });
    await waitFor(() => read.length >= stream.changes().length, { what: 'everything to be read' });
    await waitFor(() => (read.at(-1)?.seq ?? 0) >= (stream.changes().at(-1)?.seq ?? 0), { what: 'the last change' });
    await reader.close();
    expect(gaps).toEqual([]);
    expect(checkLog(read).faults).toEqual(NO_FAULTS);
    expect(Object.fromEntries(checkLog(read).rows)).toEqual(Object.fromEntries(await readCounters(database)));
    await hub.close();
    await kafka.close();
  });
});
