import { describe, expect, test } from '@jest/globals';
import { member } from '../schema/member.ts';
import { task } from '../schema/task.ts';
import { user } from '../schema/user.ts';
import { changes, created, joined, left, raw, read, renamed, row, startFeed } from './testing/start-feed.ts';

describe("a viewer's authority moves with the log", () => {
  test.each([0, 5])('whoever is removed sees nothing more (%i heartbeats after the start)', async (beats) => {
    const { log, follow } = await startFeed();
    const frames = await follow('bob', task);
    await log.heartbeat(beats);
    await log.commit(101, [created('t1', 'home')]);
    await log.commit(102, [left('bob', 'home')]);
    await log.commit(103, [created('t2', 'home')]);
    await log.commit(104, [joined('bob', 'home')]);
    await log.commit(105, [created('t3', 'home')]);
    expect(await changes(frames, 2)).toEqual([['CREATED t1'], ['CREATED t3']]);
  });

  test.each([0, 5])(
    'its own removal is the last that a member is told (%i heartbeats after the start)',
    async (beats) => {
      const { log, follow } = await startFeed();
      const frames = await follow('bob', member);
      await log.heartbeat(beats);
      await log.commit(101, [left('bob', 'home')]);
      await log.commit(102, [joined('eve', 'home')]);
      await log.commit(103, [joined('bob', 'home')]);
      expect(await changes(frames, 2)).toEqual([['DELETED member-bob-home'], ['CREATED member-bob-home']]);
    },
  );

  test.each([0, 5])(
    'a transaction is judged whole: a workspace, its member, its task (%i heartbeats)',
    async (beats) => {
      const { log, follow } = await startFeed();
      const frames = await follow('bob', task);
      await log.heartbeat(beats);
      await log.commit(101, [created('t1', 'new'), joined('bob', 'new'), created('t2', 'new')]);
      const t1 = row('t1', 'new');
      await log.commit(102, [left('bob', 'new'), { table: 'tasks', key: 't1', before: t1, after: null }]);
      expect(await changes(frames, 2)).toEqual([['CREATED t1', 'CREATED t2'], ['DELETED t1']]);
    },
  );

  test('a subscription that asks for one workspace ends with FORBIDDEN when that is lost', async () => {
    const { log, follow } = await startFeed();
    for (const beats of [0, 5]) {
      const frames = await follow('bob', task, { workspaceId: 'home' });
      await log.heartbeat(beats);
      await log.commit(101 + beats * 2, [left('bob', 'home')]);
      await log.commit(102 + beats * 2, [joined('bob', 'home')]);
      expect(await read(frames, 2)).toEqual([{ upToDate: true, changes: [] }, { error: 'FORBIDDEN' }]);
    }
  });

  test.each([0, 5])('who joins a workspace becomes visible, without e-mail and role (%i heartbeats)', async (beats) => {
    const { log, follow } = await startFeed();
    const frames = await follow('ada', user);
    await log.heartbeat(beats);
    await log.commit(101, [renamed('eve')]);
    await log.commit(102, [joined('eve', 'home')]);
    await log.commit(103, [renamed('eve')]);
    expect(await read(frames, 2)).toMatchObject([
      { changes: [] },
      { changes: ['UPDATED eve'], rows: [{ email: null, role: null, name: 'renamed' }], transactionId: '103' },
    ]);
  });

  test('whoever joins a workspace while settling sees those who were in it before', async () => {
    const { log, follow } = await startFeed();
    const frames = await follow('ada', user);
    await log.commit(101, [joined('ada', 'elsewhere')]);
    await log.commit(102, [renamed('eve')]);
    expect(await changes(frames, 1)).toEqual([['UPDATED eve']]);
  });

  test('whoever leaves that workspace again, by what the snapshot has seen, is seen no more', async () => {
    const { log, database, follow } = await startFeed();
    database.state.snapshot = '100:103:101,100';
    const frames = await follow('ada', user);
    await log.commit(101, [joined('ada', 'elsewhere')]);
    await log.commit(102, [left('eve', 'elsewhere')]);
    await log.commit(103, [renamed('eve')]);
    await log.commit(104, [renamed('bob')]);
    expect(await changes(frames, 1)).toEqual([['UPDATED bob']]);
  });

  test('what the snapshot has seen moves nothing back, though the log brings it only now', async () => {
    const { log, database, follow } = await startFeed();
    // It has seen Bob come and go, in 101 and 102; 100 was running.
    database.state.snapshot = '100:103:100';
    const frames = await follow('bob', task);
    await log.commit(101, [joined('bob', 'elsewhere')]);
    await log.commit(100, [created('theirs', 'elsewhere'), created('t1', 'home')]);
    await log.commit(102, [left('bob', 'elsewhere')]);
    expect(await changes(frames, 1)).toEqual([['CREATED t1']]);
  });

  test.each([0, 5])("the cursor knows the viewer's authority at its place (%i heartbeats)", async (beats) => {
    const { log, follow, cursors } = await startFeed();
    const frames = await follow('bob', task);
    await log.heartbeat(beats);
    await log.commit(101, [created('t1', 'home')]);
    await log.commit(102, [joined('bob', 'elsewhere'), created('t2', 'home')]);
    await log.commit(103, [created('t3', 'home')]);
    const authorities = (await raw(frames, 4)).map((event) =>
      'frame' in event ? cursors.read(event.frame.cursor).authority : null,
    );
    const [opening, before, joining, after] = authorities;
    expect(before).toBe(opening);
    expect(joining).not.toBe(before);
    expect(after).toBe(joining);
  });

  test('a subscription ends with its token', async () => {
    const { feed, follow } = await startFeed({ tokenExpiresAt: new Date(Date.now() + 500) });
    const frames = await follow('ada', task);
    expect(feed.subscriptions).toBe(1);
    expect(await read(frames, 2)).toEqual([{ upToDate: true, changes: [] }, { error: 'TOKEN_EXPIRED' }]);
    expect(feed.subscriptions).toBe(0);
  });

  test('a revoked session ends its subscriptions, and no others', async () => {
    const { log, follow, ended } = await startFeed();
    const ada = await follow('ada', task);
    const bob = await follow('bob', task);
    const session = { id: 'session-of-ada', version: 1, user_id: 'ada', revoked_at: null };
    const after = { ...session, revoked_at: '2026-11-23T00:00:00+00:00' };
    await log.commit(101, [{ table: 'sessions', key: 'session-of-ada', before: session, after }]);
    await log.commit(102, [created('t1', 'home')]);
    expect(await read(ada, 2)).toEqual([{ upToDate: true, changes: [] }, { error: 'SESSION_REVOKED' }]);
    expect(await changes(bob, 1)).toEqual([['CREATED t1']]);
    expect(ended).toEqual(['session-of-ada']);
  });

  test('a session that was dead in the snapshot is given no subscription', async () => {
    const { database, follow } = await startFeed();
    database.state.liveSessionIds = [];
    await expect(follow('ada', task)).rejects.toMatchObject({ extensions: { code: 'SESSION_REVOKED' } });
  });
});
