import { describe, expect, test } from '@jest/globals';
import { member } from '../schema/member.ts';
import { task } from '../schema/task.ts';
import { changes, created, joined, type Log, raw, read, row, startFeed } from './testing/start-feed.ts';

describe('a subscription', () => {
  test('opens with one frame without changes, then tells each transaction in one', async () => {
    const { log, follow } = await startFeed();
    const frames = await follow('ada', task);
    await log.commit(101, [created('t1', 'home'), created('t2', 'home')]);
    expect(await read(frames, 2)).toEqual([
      { upToDate: true, changes: [] },
      { upToDate: true, changes: ['CREATED t1', 'CREATED t2'], transactionId: '101' },
    ]);
  });

  test('tells nothing of what its viewer may not see', async () => {
    const { log, follow } = await startFeed();
    const frames = await follow('ada', task);
    await log.commit(101, [created('t1', 'elsewhere')]);
    await log.commit(102, [created('t2', 'home')]);
    expect(await changes(frames, 1)).toEqual([['CREATED t2']]);
  });

  test('tells a row that enters its view as CREATED, one that leaves it as DELETED', async () => {
    const { log, follow } = await startFeed();
    const frames = await follow('ada', task, { matches: (row) => row['status'] === 'DOING' });
    const todo = row('t1', 'home');
    const doing = { ...todo, status: 'DOING', version: 2 };
    const done = { ...todo, status: 'DONE', version: 3 };
    await log.commit(101, [{ table: 'tasks', key: 't1', before: todo, after: doing }]);
    await log.commit(102, [{ table: 'tasks', key: 't1', before: doing, after: done }]);
    expect(await changes(frames, 2)).toEqual([['CREATED t1'], ['DELETED t1']]);
  });

  test('a task moved to another workspace is DELETED for the one, CREATED for the other', async () => {
    const { log, follow } = await startFeed();
    const ada = await follow('ada', task);
    const eve = await follow('eve', task);
    const before = row('t1', 'home');
    await log.commit(101, [{ table: 'tasks', key: 't1', before, after: { ...before, workspace_id: 'elsewhere' } }]);
    expect(await changes(ada, 1)).toEqual([['DELETED t1']]);
    expect(await changes(eve, 1)).toEqual([['CREATED t1']]);
  });

  test("the author's own session hears the end of its write, also where nothing of it matches", async () => {
    const { log, follow } = await startFeed();
    const ada = await follow('ada', task, { matches: () => false });
    const bob = await follow('bob', task, { matches: () => false });
    await log.commit(101, [created('t1', 'home')], { actor: 'ada', actorSession: 'session-of-ada', mutationId: 'm1' });
    await log.commit(102, [created('t2', 'home')], { actor: 'bob', actorSession: 'session-of-bob' });
    expect(await read(ada, 2)).toMatchObject([{ changes: [] }, { changes: [], transactionId: '101' }]);
    expect(await read(bob, 2)).toMatchObject([{ changes: [] }, { changes: [], transactionId: '102' }]);
  });
});

describe('where a subscription starts', () => {
  test('what its snapshot has seen is not told again, however late the log brings it', async () => {
    const { log, database, follow } = await startFeed();
    database.state.snapshot = '101:103:101';
    const frames = await follow('ada', task);
    await log.commit(102, [created('seen', 'home')]);
    await log.commit(101, [created('running', 'home')]);
    await log.commit(103, [created('later', 'home')]);
    expect(await changes(frames, 2)).toEqual([['CREATED running'], ['CREATED later']]);
  });

  test('what passes while the snapshot is being taken is told afterwards', async () => {
    const { log, database, follow } = await startFeed();
    const answer = database.holdAnswers();
    const following = follow('ada', task);
    await log.commit(101, [created('t1', 'home')]);
    await log.heartbeat(5);
    await log.commit(102, [created('t2', 'home')]);
    answer();
    const frames = await following;
    await log.commit(103, [created('t3', 'home')]);
    expect(await changes(frames, 3)).toEqual([['CREATED t1'], ['CREATED t2'], ['CREATED t3']]);
  });

  test('the filter holds until a record of batch b + 3, not shorter', async () => {
    const { log, database, follow } = await startFeed();
    database.state.snapshot = '105:105:';
    const frames = await follow('ada', task);
    await log.commit(101, [created('b+1', 'home')]);
    await log.commit(102, [created('b+2', 'home')]);
    await log.commit(110, [created('after', 'home')]);
    expect(await changes(frames, 1)).toEqual([['CREATED after']]);
  });

  test('a record of a batch that was fenced by then is dropped, whatever its xid says', async () => {
    const { log, database, follow } = await startFeed();
    database.state.batch = log.batch + 1;
    const frames = await follow('ada', task);
    await log.commit(101, [created('fenced before', 'home')]);
    await log.commit(102, [created('fenced after', 'home')]);
    expect(await changes(frames, 1)).toEqual([['CREATED fenced after']]);
  });

  test('records of an older epoch than its snapshot are dropped', async () => {
    const { log, database, feed, follow } = await startFeed();
    database.state.epoch = log.epoch + 1;
    const frames = await follow('ada', task);
    await log.commit(101, [created('of the old history', 'home')]);
    await feed.close();
    expect(await read(frames, 3)).toEqual([{ upToDate: true, changes: [] }, { error: 'UNAVAILABLE' }]);
  });

  test('a crash of the server ends it while it settles, and not afterwards', async () => {
    const { log, follow } = await startFeed();
    const settled = await follow('ada', task);
    await log.heartbeat(3);
    const crashed = await follow('ada', task);
    log.restartServer();
    await log.commit(103, [created('t3', 'home')]);
    expect(await read(crashed, 2)).toEqual([{ upToDate: true, changes: [] }, { error: 'CURSOR_EXPIRED' }]);
    expect(await changes(settled, 1)).toEqual([['CREATED t3']]);
  });
});

describe('a log that cannot be continued', () => {
  const interruptions: [string, (log: Log) => Promise<void>][] = [
    ['a gap', async (log) => log.gap()],
    ['another epoch', (log) => log.newEpoch()],
    ['its table truncated', (log) => log.raw(101, 'tasks', 'truncate')],
    ['a change of its table lost', (log) => log.raw(101, 'tasks', 'lost')],
    ['memberships that are not known', (log) => log.raw(101, 'members', 'lost')],
    ['a transaction too large to hold', (log) => log.commit(101, large)],
  ];
  const cases = interruptions.flatMap(([what, interrupt]) => [0, 5].map((beats) => ({ what, interrupt, beats })));
  test.each(cases)(
    '$what ends the subscription with CURSOR_EXPIRED, never in silence ($beats heartbeats after the start)',
    async ({ interrupt, beats }) => {
      const { log, follow } = await startFeed();
      const frames = await follow('ada', task);
      await log.heartbeat(beats);
      await interrupt(log);
      expect(await read(frames, 2)).toEqual([{ upToDate: true, changes: [] }, { error: 'CURSOR_EXPIRED' }]);
    },
  );

  test('a transaction too large to hold leaves those of other tables alone', async () => {
    const { log, follow } = await startFeed();
    const frames = await follow('ada', member);
    await log.commit(101, large);
    await log.commit(102, [joined('eve', 'home')]);
    expect(await changes(frames, 1)).toEqual([['CREATED member-eve-home']]);
  });

  test('a transaction too large to hold leaves those of other workspaces alone', async () => {
    const { log, follow } = await startFeed();
    const eve = await follow('eve', task);
    await log.commit(101, large);
    await log.commit(102, [created('t1', 'elsewhere')]);
    expect(await changes(eve, 1)).toEqual([['CREATED t1']]);
  });

  test('memberships are known also from a transaction too large to hold', async () => {
    const { log, follow } = await startFeed();
    const frames = await follow('bob', member);
    await log.heartbeat(5);
    await log.commit(101, [...large, joined('bob', 'elsewhere')]);
    await log.commit(102, [joined('cid', 'elsewhere')]);
    expect(await changes(frames, 2)).toEqual([['CREATED member-bob-elsewhere'], ['CREATED member-cid-elsewhere']]);
  });

  test('half a transaction, whose beginning came before the feed did, is never shown', async () => {
    const { log, feed, follow } = await startFeed({ aligned: false });
    await log.commit(101, [created('first of the rest', 'home'), created('last of the rest', 'home')]);
    expect(feed.isReady).toBe(false);
    await log.heartbeat();
    expect(feed.isReady).toBe(true);
    const frames = await follow('ada', task);
    await log.commit(102, [created('whole', 'home')]);
    expect(await changes(frames, 1)).toEqual([['CREATED whole']]);
  });

  test('what concerns another table is passed by', async () => {
    const { log, follow } = await startFeed();
    const frames = await follow('ada', task);
    await log.raw(101, 'comments', 'truncate');
    await log.commit(102, [created('t1', 'home')]);
    expect(await changes(frames, 1)).toEqual([['CREATED t1']]);
  });

  test('the feed is ready again at the next whole transaction, and not before', async () => {
    const { log, feed, follow } = await startFeed();
    log.gap();
    await expect(follow('ada', task)).rejects.toMatchObject({ extensions: { code: 'UNAVAILABLE' } });
    await log.heartbeat(2);
    expect(feed.isReady).toBe(true);
    const frames = await follow('ada', task);
    await log.commit(101, [created('t1', 'home')]);
    expect(await changes(frames, 1)).toEqual([['CREATED t1']]);
  });
});

test('a transaction over the frame bound is cut: its last frame alone is upToDate, cursors count what was sent', async () => {
  const { log, follow, cursors } = await startFeed({ frame: { maxChanges: 2, maxBytes: 1e6 } });
  const frames = await follow('ada', task);
  await log.commit(
    101,
    ['a', 'b', 'c', 'd', 'e'].map((key) => created(key, 'home')),
  );
  const events = await raw(frames, 4);
  const cut = events.slice(1).map((event) => {
    if ('error' in event) throw event.error;
    const { position, sentOfNext } = cursors.read(event.frame.cursor);
    return [event.frame.changes.length, event.frame.upToDate, position.seq, sentOfNext];
  });
  const [opening] = events;
  const before = opening !== undefined && 'frame' in opening ? cursors.read(opening.frame.cursor).position.seq : 0;
  expect(cut).toEqual([
    [2, false, before, 2],
    [2, false, before, 4],
    [1, true, before + 5, 0],
  ]);
});

test('a transaction larger than what a client may leave unread is told whole to a client that reads', async () => {
  const { log, follow } = await startFeed({ frame: { maxChanges: 1, maxBytes: 1e6 } });
  const frames = await follow('ada', task);
  await raw(frames, 1);
  const keys = Array.from({ length: 30 }, (_, index) => `t${index}`);
  await log.commit(
    101,
    keys.map((key) => created(key, 'home')),
  );
  const told = await raw(frames, 30);
  expect(told.map((event) => ('frame' in event ? event.frame.changes[0]?.key : event.error.message))).toEqual(keys);
});

test('a log that stalls is said to, once, and said to go on', async () => {
  const { log, follow } = await startFeed({ stalledMs: 200 });
  const frames = await follow('ada', task);
  expect(await read(frames, 2)).toEqual([
    { upToDate: true, changes: [] },
    { upToDate: false, changes: [] },
  ]);
  const goesOn = read(frames, 1);
  const beats = setInterval(() => void log.heartbeat(), 20);
  expect(await goesOn).toEqual([{ upToDate: true, changes: [] }]);
  clearInterval(beats);
});

test('whoever comes, or comes back, while the log stands still is not told to be up to date until it goes on', async () => {
  const { log, feed, follow, watch } = await startFeed({ stalledMs: 300 });
  const [opening] = await raw(await follow('ada', task), 1);
  const after = opening !== undefined && 'frame' in opening ? opening.frame.cursor : null;
  while (!feed.isStalled) await new Promise((resolve) => setTimeout(resolve, 10));
  const all = [await follow('ada', task), await follow('ada', task, { after }), await watch('ada', task)];
  const first = await Promise.all(all.map((frames) => read(frames, 1)));
  expect(first).toMatchObject(all.map(() => [{ upToDate: false, changes: [] }]));
  const beats = setInterval(() => void log.heartbeat(), 20);
  const next = await Promise.all(all.map((frames) => read(frames, 1)));
  clearInterval(beats);
  expect(next).toMatchObject(all.map(() => [{ upToDate: true, changes: [] }]));
});

test('a subscription without a frame for long is given one, so that its cursor moves on with the log', async () => {
  const { log, follow, cursors } = await startFeed({ progressMs: 200 });
  const frames = await follow('ada', task);
  await log.heartbeat(10);
  const [opening, progress] = (await raw(frames, 2)).map((event) => {
    if ('error' in event) throw event.error;
    return { upToDate: event.frame.upToDate, seq: cursors.read(event.frame.cursor).position.seq };
  });
  expect(progress).toEqual({ upToDate: true, seq: (opening?.seq ?? 0) + 10 });
}, 5_000);

test('a client that does not read is ended with SLOW_CONSUMER, after what it may still read', async () => {
  const { log, follow } = await startFeed();
  const frames = await follow('ada', task);
  for (let xid = 101; xid < 120; xid += 1) await log.commit(xid, [created(`t${xid}`, 'home')]);
  const told = await raw(frames, 11);
  expect(told.at(-1)).toMatchObject({ error: { extensions: { code: 'SLOW_CONSUMER' } } });
  expect((await frames.next()).done).toBe(true);
});

/** Over the bound that the feed of these tests has for one transaction. */
const large = Array.from({ length: 500 }, (_, index) => created(`t${index}`, 'home'));
