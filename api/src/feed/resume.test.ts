import { describe, expect, test } from '@jest/globals';
import { rowFromRecord } from '../model/record-row.ts';
import { task } from '../schema/task.ts';
import { user } from '../schema/user.ts';
import type { FrameQueue } from './frame-queue.ts';
import { created, joined, left, memberRow, raw, read, row, startFeed } from './testing/start-feed.ts';

/** The cursors of the next frames. */
async function cursorsOf(frames: FrameQueue, count: number): Promise<string[]> {
  return (await raw(frames, count)).map((event) => ('frame' in event ? event.frame.cursor : ''));
}

describe('whoever comes back with a cursor', () => {
  test.each([0, 5])('is told what it missed, each transaction once (%i heartbeats)', async (beats) => {
    const { log, follow, watch } = await startFeed();
    for (const start of [follow, watch]) {
      const xid = start === follow ? 101 : 201;
      const frames = await start('ada', task);
      await log.heartbeat(beats);
      await log.commit(xid, [created('t1', 'home')]);
      const [, cursor] = await cursorsOf(frames, 2);
      await frames.return?.();
      await log.commit(xid + 1, [created('t2', 'home')]);
      await log.commit(xid + 2, [created('other', 'elsewhere')]);
      await log.commit(xid + 3, [created('t3', 'home')]);
      const again = await start('ada', task, { after: cursor });
      const missed = await read(again, 2);
      expect(missed).toMatchObject([{ changes: ['CREATED t2'] }, { changes: ['CREATED t3'], upToDate: true }]);
      await log.commit(xid + 4, [created('t4', 'home')]);
      expect(await read(again, 1)).toMatchObject([{ changes: ['CREATED t4'], upToDate: true }]);
    }
  });

  test('and has missed nothing is told that it is up to date', async () => {
    const { log, follow } = await startFeed();
    const [cursor] = await cursorsOf(await follow('ada', task), 1);
    const again = await follow('ada', task, { after: cursor });
    await log.commit(101, [created('t1', 'home')]);
    expect(await read(again, 2)).toMatchObject([{ changes: [], upToDate: true }, { changes: ['CREATED t1'] }]);
  });

  test('reads from the stream what memory has let go, then from memory', async () => {
    const { log, follow } = await startFeed({ ring: { maxBytes: 4_000, maxAgeMs: 60_000 } });
    const [cursor] = await cursorsOf(await follow('ada', task), 1);
    for (let xid = 101; xid <= 115; xid += 1) await log.commit(xid, [created(`t${xid}`, 'home')]);
    const again = await follow('ada', task, { after: cursor });
    const told = await read(again, 15);
    expect(told.map((frame) => 'transactionId' in frame && frame.transactionId)).toEqual(
      Array.from({ length: 15 }, (_, index) => String(101 + index)),
    );
    await log.commit(116, [created('t116', 'home')]);
    expect(await read(again, 1)).toMatchObject([{ changes: ['CREATED t116'] }]);
  });

  test('is told that it is up to date also when the last that happened does not concern it', async () => {
    const { log, follow } = await startFeed();
    const [cursor] = await cursorsOf(await follow('ada', task), 1);
    await log.commit(101, [created('t1', 'home')]);
    await log.commit(102, [created('theirs', 'elsewhere')]);
    expect(await read(await follow('ada', task, { after: cursor }), 2)).toEqual([
      { upToDate: false, changes: ['CREATED t1'], transactionId: '101' },
      { upToDate: true, changes: [] },
    ]);
  });

  test('in the middle of a transaction that was cut is told the rest of it', async () => {
    const { log, follow } = await startFeed({ frame: { maxChanges: 2, maxBytes: 1e6 } });
    const frames = await follow('ada', task);
    const keys = ['t1', 't2', 't3', 't4', 't5'];
    await log.commit(
      101,
      keys.map((key) => created(key, 'home')),
    );
    const [, first] = await cursorsOf(frames, 2);
    const again = await follow('ada', task, { after: first });
    expect(await read(again, 2)).toMatchObject([
      { changes: ['CREATED t3', 'CREATED t4'] },
      { changes: ['CREATED t5'] },
    ]);
  });

  describe('and a membership was made anew with its old id', () => {
    const of = memberRow('bob', 'home');
    const cases = [
      { what: 'its own, in another workspace', made: { ...of, workspace_id: 'elsewhere' }, viewer: 'bob', model: task },
      { what: 'its own, with another role', made: { ...of, role: 'VIEWER' }, viewer: 'bob', model: task },
      { what: 'that of a peer, for another user', made: { ...of, user_id: 'eve' }, viewer: 'ada', model: user },
    ] as const;
    test.each(cases)('cannot go on: $what', async ({ made, viewer, model }) => {
      const { log, database, follow } = await startFeed();
      const [cursor] = await cursorsOf(await follow(viewer, model), 1);
      await log.commit(101, [created('not theirs', 'elsewhere')]);
      await log.commit(102, [left('bob', 'home')]);
      await log.commit(103, [{ table: 'members', key: made.id, before: null, after: { ...made } }]);
      database.state.members = database.state.members.map((row) => (row.id === made.id ? made : row));
      database.state.snapshot = '104:104:';
      expect(await read(await follow(viewer, model, { after: cursor }), 1)).toEqual([{ error: 'CURSOR_EXPIRED' }]);
    });
  });

  test('from within b + 3 is still not told what its snapshot has seen', async () => {
    const { log, database, watch } = await startFeed();
    database.state.snapshot = '101:103:101';
    const [cursor] = await cursorsOf(await watch('ada', task), 1);
    await log.commit(102, [created('seen', 'home')]);
    await log.commit(101, [created('running', 'home')]);
    database.state.snapshot = '200:200:';
    expect(await read(await watch('ada', task, { after: cursor }), 1)).toMatchObject([
      { changes: ['CREATED running'] },
    ]);
  });

  describe('on a process that has not come so far', () => {
    /** Two processes: one that has told two of five rows of a transaction, and one that has not read so far. */
    async function startTwo(stalledMs: number) {
      const keys = ['t1', 't2', 't3', 't4', 't5'];
      const changes = keys.map((key) => created(key, 'home'));
      const frame = { maxChanges: 2, maxBytes: 1e6 };
      const ahead = await startFeed({ frame });
      const frames = await ahead.follow('ada', task);
      await ahead.log.commit(101, [created('t0', 'home')]);
      await ahead.log.commit(102, changes);
      const [, , after] = await cursorsOf(frames, 3);
      const behind = await startFeed({ frame, stalledMs });
      return {
        again: await behind.follow('ada', task, { after }),
        readsOn: async () => {
          await behind.log.commit(101, [created('t0', 'home')]);
          await behind.log.commit(102, changes);
        },
        after,
      };
    }

    test('waits until that has', async () => {
      const { again, readsOn } = await startTwo(60_000);
      await readsOn();
      expect(await read(again, 2)).toMatchObject([
        { changes: ['CREATED t3', 'CREATED t4'], upToDate: false },
        { changes: ['CREATED t5'], upToDate: true },
      ]);
    });

    test('is told that it may be behind when the log stalls, with the cursor it came with', async () => {
      const { again, readsOn, after } = await startTwo(200);
      const [told] = await raw(again, 1);
      expect(told).toMatchObject({ frame: { upToDate: false, changes: [], cursor: after } });
      await readsOn();
      expect(await read(again, 2)).toMatchObject([
        { changes: ['CREATED t3', 'CREATED t4'], upToDate: false },
        { changes: ['CREATED t5'], upToDate: true },
      ]);
    });
  });
});

describe('where it cannot be continued exactly, a watch is read anew and changes are CURSOR_EXPIRED:', () => {
  const cases: Record<string, (feed: Awaited<ReturnType<typeof startFeed>>) => unknown> = {
    'another question': () => {},
    'another authority': ({ database }) => {
      const [first] = database.state.members;
      database.state.members = [{ ...first, version: 2 } as never];
    },
    'other columns': ({ database }) => {
      database.state.shapes = 'with one more';
    },
    'a log that is not kept any more': async ({ log }) => {
      for (let xid = 101; xid <= 115; xid += 1) await log.commit(xid, [created(`t${xid}`, 'home')]);
      log.expire();
      await log.commit(116, [created('t116', 'home')]);
    },
    'a log in which a record was lost': async ({ log }) => {
      for (let xid = 101; xid <= 115; xid += 1) await log.commit(xid, [created(`t${xid}`, 'elsewhere')]);
      log.lose('t103');
    },
    'another history': async ({ log }) => {
      for (let xid = 101; xid <= 115; xid += 1) await log.commit(xid, [created(`t${xid}`, 'home')]);
      log.rewriteHistory();
    },
    'a new epoch': async ({ log }) => {
      await log.newEpoch();
      await log.heartbeat(6);
    },
  };

  test.each(Object.keys(cases))('%s', async (what) => {
    const feed = await startFeed({ ring: { maxBytes: 4_000, maxAgeMs: 60_000 } });
    const { database, follow, watch } = feed;
    const [watched] = await cursorsOf(await watch('ada', task), 1);
    const [followed] = await cursorsOf(await follow('ada', task), 1);
    await cases[what]?.(feed);
    database.state.snapshot = '500:500:';
    database.state.rows = [rowFromRecord(task, row('t1', 'home'))];
    const question = what === 'another question' ? 'q2' : 'q';
    expect(await read(await watch('ada', task, { after: watched, question }), 1)).toEqual([
      { reset: true, upToDate: true, changes: ['CREATED t1'] },
    ]);
    const expired = async () => read(await follow('ada', task, { after: followed, question }), 1);
    const outcome = await expired().catch((error) => [{ error: error.extensions?.code }]);
    expect(outcome).toEqual([{ error: 'CURSOR_EXPIRED' }]);
  });

  test('a snapshot that was not sent to its end', async () => {
    const { database, watch } = await startFeed({ frame: { maxChanges: 1, maxBytes: 1e6 } });
    database.state.rows = ['t1', 't2'].map((key) => rowFromRecord(task, row(key, 'home')));
    const [unfinished] = await cursorsOf(await watch('ada', task), 1);
    expect(await read(await watch('ada', task, { after: unfinished }), 2)).toMatchObject([
      { reset: true, changes: ['CREATED t1'] },
      { changes: ['CREATED t2'] },
    ]);
  });

  test('a crash of the server while the snapshot still counts', async () => {
    const { log, follow } = await startFeed();
    const [cursor] = await cursorsOf(await follow('ada', task), 1);
    log.restartServer();
    await log.commit(101, [created('t1', 'home')]);
    expect(await read(await follow('ada', task, { after: cursor }), 1)).toEqual([{ error: 'CURSOR_EXPIRED' }]);
  });

  test('but not a crash after the log had passed the snapshot, though the client has not heard of that', async () => {
    const { log, follow } = await startFeed();
    const [cursor] = await cursorsOf(await follow('ada', task), 1);
    await log.heartbeat(3);
    log.restartServer();
    await log.commit(101, [created('t1', 'home')]);
    expect(await read(await follow('ada', task, { after: cursor }), 1)).toMatchObject([{ changes: ['CREATED t1'] }]);
  });
});

describe('a cursor', () => {
  test('of another viewer is CURSOR_INVALID, for a watch and for changes', async () => {
    const { follow, watch } = await startFeed();
    const [cursor] = await cursorsOf(await follow('ada', task), 1);
    for (const start of [follow, watch])
      await expect(start('bob', task, { after: cursor })).rejects.toMatchObject({
        extensions: { code: 'CURSOR_INVALID' },
      });
  });

  test.each(['', 'nonsense', 'x'.repeat(1_000_000)])(
    'that this server did not make is CURSOR_INVALID',
    async (after) => {
      const { watch } = await startFeed();
      await expect(watch('ada', task, { after })).rejects.toMatchObject({ extensions: { code: 'CURSOR_INVALID' } });
    },
  );

  test('goes on for a viewer who has joined and left meanwhile only with what it may see', async () => {
    const { log, follow } = await startFeed();
    const [cursor] = await cursorsOf(await follow('bob', task), 1);
    await log.commit(101, [joined('bob', 'elsewhere')]);
    await log.commit(102, [created('theirs', 'elsewhere')]);
    const change = joined('bob', 'elsewhere');
    await log.commit(103, [{ ...change, before: change.after, after: null }]);
    await log.commit(104, [created('unseen', 'elsewhere')]);
    await log.commit(105, [created('t1', 'home')]);
    expect(await read(await follow('bob', task, { after: cursor }), 2)).toMatchObject([
      { changes: ['CREATED theirs'] },
      { changes: ['CREATED t1'] },
    ]);
  });
});
