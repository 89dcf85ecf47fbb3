import { describe, expect, jest, test } from '@jest/globals';
import { user } from '../schema/user.ts';
import { createFakeLog } from './testing/fake-log.ts';
import { changes, created, joined, left, memberRow, renamed, startFeed } from './testing/start-feed.ts';

describe('while everybody is only just read', () => {
  test('who is what can be compared with Postgres already, however long the log stands still', async () => {
    const { log, feed } = await startFeed({ aligned: false });
    expect(feed.authorityOf('ada')).toBeNull();
    await log.heartbeat(2);
    expect([...(feed.authorityOf('ada')?.memberships.keys() ?? [])]).toEqual(['home']);
    await log.commit(101, [left('ada', 'home')]);
    expect([...(feed.authorityOf('ada')?.memberships.keys() ?? [])]).toEqual([]);
  });

  test('a viewer who joins a workspace comes to see its members, and loses nothing', async () => {
    const { log, follow } = await startFeed({ aligned: false });
    await log.heartbeat(2);
    const frames = await follow('bob', user);
    await log.commit(101, [joined('bob', 'elsewhere')]);
    await log.commit(102, [renamed('eve')]);
    expect(await changes(frames, 1)).toEqual([['UPDATED eve']]);
  });
});

test('a feed that cannot start leaves nothing running', async () => {
  jest.useFakeTimers();
  try {
    const away = () => Promise.reject(new Error('away'));
    for (const failing of [{ bounds: away }, { read: away }]) {
      const log = createFakeLog();
      await expect(startFeed({ log: { ...log, stream: { ...log.stream, ...failing } } })).rejects.toThrow('away');
    }
    expect(jest.getTimerCount()).toBe(0);
  } finally {
    jest.useRealTimers();
  }
});

test('a crash of the server while everybody was only just read has everybody read again, and loses nobody', async () => {
  const { log, database, feed } = await startFeed({ aligned: false });
  await log.heartbeat(2);
  log.restartServer();
  database.state.members = [memberRow('eve', 'home')];
  await log.commit(101, [created('t1', 'home')]);
  await log.heartbeat(4);
  expect(feed.counters.resyncs).toBe(0);
  expect([...(feed.authorityOf('eve')?.memberships.keys() ?? [])]).toEqual(['home']);
});
