import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { describeWithKafka } from '@sync-hub/dev/test-kafka';
import { waitFor } from '@sync-hub/dev/wait-for';
import { TaskChangesDocument, TasksDocument } from '@sync-hub/sdk/generated/graphql';
import { type Person, signUp } from './person.ts';

/** Of docs/operations.md, "How many connections". */
const listener = {
  'sync-hub listener: leadership': 1,
  'sync-hub listener: relay': 1,
  'sync-hub listener: housekeeping': 1,
  'sync-hub listener: listen': 1,
};
const api = { 'sync-hub api': 10, 'sync-hub api: start points': 1 };

describe('with the log in Postgres', () => {
  // Each process has a pool of the log.
  countConnections([], { ...listener, ...api, 'sync-hub stream': 8, 'sync-hub stream: listen': 1 });
});
describeWithKafka('with the log in Kafka', (brokers) => countConnections(brokers, { ...listener, ...api }));

function countConnections(kafkaBrokers: readonly string[], most: Readonly<Record<string, number>>): void {
  let hub: Hub;
  let ann: Person;

  beforeAll(async () => {
    hub = await startHub({ kafkaBrokers });
    ann = await signUp(hub.urls[0] ?? '', 'Ann');
  }, 60_000);
  afterAll(async () => {
    await ann?.leave();
    await hub?.close();
  });

  /** Of all but the one that asks, by name. */
  async function connections(): Promise<Record<string, number>> {
    const rows = await hub.database.query<{ name: string; count: number }>(
      `SELECT application_name AS name, count(*)::int FROM pg_stat_activity
       WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() GROUP BY 1`,
    );
    return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
  }

  test('a listener and an API open the connections that are documented, each under its name, and no more', async () => {
    await ann.follow(TaskChangesDocument, 'taskChanges', {});
    await Promise.all(Array.from({ length: 60 }, () => ann.request(TasksDocument, { first: 1 })));
    const names = (found: object) => Object.keys(found).sort();
    await waitFor(async () => names(await connections()).length >= names(most).length, { what: 'all connections' });
    const found = await connections();
    expect(names(found)).toEqual(names(most));
    const over = Object.entries(found).filter(([name, count]) => count > (most[name] ?? 0));
    expect(over).toEqual([]);
    expect(found['sync-hub api']).toBe(10);
  });
}
