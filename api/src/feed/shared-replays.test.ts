import { describe, expect, test } from '@jest/globals';
import { task } from '../schema/task.ts';
import type { FrameQueue } from './frame-queue.ts';
import type { ReplaySettings } from './shared-replays.ts';
import { created, raw, read, startFeed } from './testing/start-feed.ts';

/** The cursors of the next frames. */
async function cursorsOf(frames: FrameQueue, count: number): Promise<string[]> {
  return (await raw(frames, count)).map((event) => ('frame' in event ? event.frame.cursor : ''));
}

describe('whoever comes back to what memory has let go', () => {
  const transactionIds = Array.from({ length: 15 }, (_, index) => String(101 + index));
  const idsOf = (told: Awaited<ReturnType<typeof read>>) =>
    told.map((frame) => ('transactionId' in frame ? frame.transactionId : frame));

  async function startWithMissed(replays: Partial<ReplaySettings>) {
    const started = await startFeed({
      ring: { maxBytes: 4_000, maxAgeMs: 60_000 },
      replays: { max: 4, turnMs: 60_000, gatherMs: 20, maxRecordsAhead: 100, maxBytes: 100_000, ...replays },
    });
    const { log, follow } = started;
    const frames = await follow('ada', task);
    const cursors = await cursorsOf(frames, 1);
    for (const xid of transactionIds) {
      await log.commit(Number(xid), [created(`t${xid}`, 'home')]);
      cursors.push(...(await cursorsOf(frames, 1)));
    }
    return { ...started, comeBack: (missed = 15) => follow('ada', task, { after: cursors[15 - missed] }) };
  }

  test('is read it by one reader of the stream, however many come back, from wherever on its way', async () => {
    const { log, comeBack } = await startWithMissed({});
    const missed = [10, 12, 15, 15, 11];
    const all = await Promise.all(missed.map(comeBack));
    expect(await Promise.all(all.map(async (frames, index) => idsOf(await read(frames, missed[index] ?? 0))))).toEqual(
      missed.map((count) => transactionIds.slice(-count)),
    );
    expect(log.readers).toMatchObject({ all: 1 });
  });

  test('has as many readers as there may be where one is not on the way of another, the others after them', async () => {
    const { log, comeBack } = await startWithMissed({ max: 2, maxRecordsAhead: 0 });
    const missed = [15, 11, 14, 12, 13];
    const all = await Promise.all(missed.map(comeBack));
    expect(await Promise.all(all.map(async (frames, index) => idsOf(await read(frames, missed[index] ?? 0))))).toEqual(
      missed.map((count) => transactionIds.slice(-count)),
    );
    expect(log.readers.most).toBe(2);
  });

  test('is told what is too large for the memory of a reader that others share', async () => {
    const { log, comeBack } = await startWithMissed({ max: 1, maxBytes: 1 });
    const all = await Promise.all([15, 15, 12].map(comeBack));
    const told = await Promise.all(all.map(async (frames, index) => idsOf(await read(frames, index === 2 ? 12 : 15))));
    expect(told).toEqual([transactionIds, transactionIds, transactionIds.slice(-12)]);
    expect(log.readers.all).toBe(1);
  });

  test('is told it also where what somebody else needs is lost', async () => {
    const { log, comeBack } = await startWithMissed({});
    log.lose('t101');
    log.lose('t102');
    const told = await Promise.all(
      [15, 14, 12].map(async (missed) => idsOf(await read(await comeBack(missed), missed))),
    );
    expect(told).toEqual([[{ error: 'CURSOR_EXPIRED' }], [{ error: 'CURSOR_EXPIRED' }], transactionIds.slice(-12)]);
  });

  test('and reads slowly keeps nobody else from theirs, and is told everything in the end', async () => {
    const { comeBack } = await startWithMissed({ max: 1, turnMs: 20 });
    const slow = await comeBack(14);
    const first = await read(slow, 1);
    // From further back: not to be told by the same reader.
    expect(idsOf(await read(await comeBack(15), 15))).toEqual(transactionIds);
    expect(idsOf([...first, ...(await read(slow, 13))])).toEqual(transactionIds.slice(1));
  }, 4_000);
});
