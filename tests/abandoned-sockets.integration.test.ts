import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { waitFor } from '@sync-hub/dev/wait-for';
import { addPerson } from './cast.ts';
import type { Person } from './person.ts';
import { openRawSocket, openSignedIn } from './raw-socket.ts';

let hub: Hub;
let url: string;
let viewer: Person;

beforeAll(async () => {
  hub = await startHub();
  url = hub.urls[0] ?? '';
  viewer = await addPerson(hub.database, url, { name: 'Viewer' });
}, 60_000);
afterAll(() => hub?.close(), 30_000);

async function metric(name: 'sockets' | 'subscriptions'): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^sync_hub_api_${name} (\\d+)`, 'm').exec(text)?.[1]);
}
const metricReads = (name: 'sockets' | 'subscriptions', value: number) =>
  waitFor(async () => (await metric(name)) === value, { what: `${value} ${name}` });

test('sockets that go while they sign in are kept nowhere', async () => {
  // Their sign-in has to wait for it: when they are through, they have gone.
  const lock = await hub.database.pool.connect();
  try {
    await lock.query('BEGIN');
    await lock.query('LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
    for (let count = 0; count < 20; count += 1) {
      const socket = await openRawSocket(url);
      socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${viewer.accessToken}` } });
      // Its answer comes after the first message was read.
      socket.send({ type: 'ping' });
      await socket.receive('the pong', ({ type }) => type === 'pong');
      socket.close();
    }
    await waitFor(() => waiting(), { what: 'a sign-in that waits' });
  } finally {
    await lock.query('ROLLBACK');
    lock.release();
  }
  // Behind the sign-ins that have waited.
  const last = await openSignedIn(url, viewer.accessToken);
  await waitFor(async () => !(await waiting()), { what: 'all to be through' });
  expect(await metric('sockets')).toBe(1);
  last.close();
  await metricReads('sockets', 0);
});

/** Whether a statement of the API waits for the lock. */
async function waiting(): Promise<boolean> {
  const [row] = await hub.database.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  return (row?.count ?? 0) > 0;
}
