import { describe, expect, test } from '@jest/globals';
import type { ChangeRecord } from '@sync-hub/stream/change-record';
import { codedError } from '../errors.ts';
import { rowFromRecord } from '../model/record-row.ts';
import { task } from '../schema/task.ts';
import { user } from '../schema/user.ts';
import { createBacklog } from './backlog.ts';
import type { FrameQueue } from './frame-queue.ts';
import { createFakeLog } from './testing/fake-log.ts';
import {
  bounds,
  created,
  cursorOf,
  joined,
  left,
  memberRow,
  raw,
  read,
  renamed,
  row,
  soon,
  startFeed,
} from './testing/start-feed.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const taskRow = (key: string, workspace = 'home') => rowFromRecord(task, row(key, workspace));
const codeOf = async (following: Promise<FrameQueue>, count = 1): Promise<unknown> => {
  try {
    return await soon(following.then((frames) => read(frames, count)));
  } catch (error) {
    return (error as { extensions?: { code?: string } }).extensions?.code ?? String(error);
  }
};
/** A log whose records are changed on their way to the feed. */
function changedLog(change: (record: ChangeRecord) => ChangeRecord) {
  const log = createFakeLog();
  const { read: readStream } = log.stream;
  log.stream.read = (from, sink) => readStream(from, { ...sink, record: (record) => sink.record(change(record)) });
  return log;
}

/** Start points that nobody is given. */
function refusal() {
  let refuse = () => {};
  const refused = new Promise<never>((_, reject) => {
    refuse = () => reject(codedError('UNAVAILABLE', 'Postgres does not answer'));
  });
  return { start: () => refused, refuse: () => refuse() };
}

describe('a crash that only heartbeats follow', () => {
  test('rows that the crash has undone (synchronous_commit = off) leave the screen', async () => {
    const { log, database, watch } = await startFeed();
    database.state.rows = [taskRow('ghost')];
    const frames = await watch('ada', task);
    await raw(frames, 1);
    log.restartServer();
    database.state.rows = [];
    await log.heartbeat(5);
    expect(await soon(read(frames, 1))).toMatchObject([{ reset: true, changes: [] }]);
  });

  test('a membership that the crash has undone shows nobody anything', async () => {
    const { log, database, follow } = await startFeed({ aligned: false });
    const real = database.state.members;
    database.state.members = [...real, memberRow('eve', 'home')];
    await log.heartbeat(2);
    log.restartServer();
    database.state.members = real;
    await log.heartbeat(6);
    const frames = await follow('eve', task);
    await log.heartbeat(5);
    await raw(frames, 1);
    await log.commit(101, [created('secret', 'home')]);
    expect(await soon(read(frames, 1))).toBe('nothing');
  });
});

describe('whoever comes back over what the feed could not pass', () => {
  test('a record that cannot be applied: a watch is read anew', async () => {
    const { log, watch } = await startFeed();
    const after = await cursorOf(await watch('ada', task), 0);
    await log.heartbeat(5);
    const broken = { ...memberRow('zoe', 'home'), role: 'BROKEN' };
    await log.commit(101, [{ table: 'members', key: 'm', before: null, after: broken as never }]);
    await log.heartbeat(5);
    expect(await codeOf(watch('ada', task, { after }))).toMatchObject([{ reset: true }]);
  });

  test('memberships that cannot be known: changes are not missed in silence', async () => {
    const { log, follow } = await startFeed();
    const frames = await follow('bob', task);
    await log.heartbeat(5);
    await log.commit(100, [created('t1', 'home')]);
    const after = await cursorOf(frames, 1);
    await log.raw(101, 'members', 'lost'); // Bob joins elsewhere.
    await log.heartbeat(3);
    await log.commit(102, [created('theirs', 'elsewhere')]);
    await log.commit(103, [left('bob', 'elsewhere')]);
    await log.heartbeat(1);
    expect(await codeOf(follow('bob', task, { after }))).toEqual([{ error: 'CURSOR_EXPIRED' }]);
  });
});

test('the cursor knows who has gone by what the snapshot has seen', async () => {
  const merged = { from: Number.POSITIVE_INFINITY };
  const log = changedLog((record) => ({ ...record, batch: Math.min(record.batch, merged.from) }));
  const { database, follow } = await startFeed({ log });
  merged.from = log.batch + 1; // All that follows is of one batch.
  database.state.snapshot = '100:103:101,100';
  const before = database.state.members;
  const frames = await follow('ada', user);
  await log.commit(101, [joined('ada', 'elsewhere')]);
  await log.commit(104, [created('t', 'home')]);
  await log.commit(102, [left('eve', 'elsewhere')]);
  await log.commit(105, [renamed('bob')]);
  const after = await cursorOf(frames, 1);
  database.state.members = [
    ...before.filter(({ user_id }) => user_id !== 'eve'),
    joined('ada', 'elsewhere').after as never,
  ];
  expect(await codeOf(follow('ada', user, { after }))).toMatchObject([{ upToDate: true, changes: [] }]);
});

test('a database set back to an older epoch is met again', async () => {
  const back = { by: 0 };
  const log = changedLog((record) => ({
    ...record,
    epoch: record.epoch - back.by,
    epochId: `${record.epochId} ${back.by}`,
  }));
  const { database, feed } = await startFeed({ log });
  await log.newEpoch();
  await log.newEpoch();
  await log.heartbeat(5);
  expect(feed.position?.epoch).toBe(3);
  back.by = 1; // A copy of its disk from before both of them: the relay begins epoch 2.
  database.state.epoch = 2;
  log.gap();
  await log.heartbeat(6);
  expect(feed.isReady).toBe(true);
});

test('who comes back while Postgres does not answer, and gives up, keeps no place among its client’s subscriptions', async () => {
  const { database, follow } = await startFeed({ stalledMs: 0 });
  const after = await cursorOf(await follow('ada', task), 0);
  const backlog = createBacklog(bounds);
  const take = refusal();
  database.startPoints.take = take.start;
  const following = follow('ada', task, { after, backlog });
  // What is on screen may be old: it is told so, once a second, and nobody is there yet to read it.
  while (backlog.frames === 0) await pause(50);
  take.refuse();
  expect(await codeOf(following)).toBe('UNAVAILABLE');
  expect([backlog.subscriptions, backlog.frames]).toEqual([0, 0]);
});

describe('a log that is lost while somebody begins', () => {
  test('is one reset for whoever comes back', async () => {
    const { log, database, watch } = await startFeed();
    const after = await cursorOf(await watch('ada', task), 0);
    const answer = database.holdAnswers();
    const following = watch('ada', task, { after });
    await pause(10);
    log.gap();
    await log.heartbeat(3);
    answer();
    const frames = await following;
    expect(await soon(read(frames, 1))).toMatchObject([{ reset: true }]);
    await log.heartbeat(6);
    await log.commit(101, [created('t1', 'home')]);
    expect(await soon(read(frames, 1))).toEqual([{ upToDate: true, changes: ['CREATED t1'], transactionId: '101' }]);
  });

  test('in the new epoch, whoever is ahead of this process goes on', async () => {
    const ahead = await startFeed();
    const behind = await startFeed();
    await ahead.log.newEpoch();
    await ahead.log.heartbeat(8);
    const after = await cursorOf(await ahead.follow('ada', task), 0);
    behind.database.state.epoch = 2;
    const frames = await behind.follow('ada', task, { after });
    await behind.log.newEpoch();
    await behind.log.heartbeat(8);
    expect(await soon(read(frames, 1))).toMatchObject([{ upToDate: true }]);
  });

  test('changes that begin are told so, and not that the database does not answer', async () => {
    const { log, database, follow } = await startFeed();
    const answer = database.holdAnswers();
    const following = follow('ada', task);
    await pause(10);
    log.gap();
    answer();
    expect(await codeOf(following)).toEqual([{ error: 'CURSOR_EXPIRED' }]);
  });
});
