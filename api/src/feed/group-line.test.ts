import { describe, expect, test } from '@jest/globals';
import { createCursors } from './cursor.ts';
import type { FrameQueue } from './frame-queue.ts';
import { GroupLine } from './group-line.ts';
import type { Listener } from './listener.ts';
import { createPlacedFrame, type FrameText, type SharedBundle } from './shared-frame.ts';

const cursors = createCursors('a secret for tests of lines, long enough');
const authority = { viewerId: 'ada', isAdmin: false, memberships: new Map(), sharesWorkspaceWith: () => false };
const standing = {
  viewerId: 'ada',
  question: 'q',
  authority: 'a',
  shapes: 's',
  start: null,
  since: { epoch: 1, epochId: 'e', seq: 0, tag: 't' },
  group: 'g',
};

function frame(seq: number, { goesOn = false, upToDate = true } = {}) {
  const told = { reset: false, upToDate, transaction: null, changes: [] };
  const place = { position: { ...standing.since, seq }, sentOfNext: 0 };
  return createPlacedFrame(cursors, { told, place, goesOn, group: 'g', bytes: 10, authority });
}

/** A group whose turns end, and whose frames are loaded, when the test says so. */
function setUp({ sizeOf = 10 } = {}) {
  const listeners = new Set<Listener>();
  const turnEnds: (() => void)[] = [];
  const loads: (() => void)[] = [];
  const network = { isSlow: false };
  const line = new GroupLine(listeners, (call) => void turnEnds.push(call));

  /** @param room  so many are taken, then it is slow and goes. */
  function member({ room = Number.POSITIVE_INFINITY, executes = true } = {}) {
    const taken: SharedBundle[] = [];
    const count = () => taken.reduce((sum, { frames }) => sum + frames.length, 0);
    const writeShared = (): FrameText | Promise<FrameText> => {
      const text = ['x'.repeat(sizeOf)];
      return network.isSlow ? new Promise((resolve) => loads.push(() => resolve(text))) : text;
    };
    const queue = {
      share({ frames, isWritten }: SharedBundle) {
        const some = frames.slice(0, room - count());
        if (some.length > 0) taken.push({ frames: some, isWritten });
        return some.length;
      },
      execute(shared, onText) {
        if (executes) shared.write({ writeShared }, onText);
        return executes;
      },
    } as Partial<FrameQueue> as FrameQueue;
    const listener: Listener = {
      queue,
      line,
      standing,
      text: 'standing',
      lastTold: { place: null, at: 0, upToDate: null },
      placeStanding: null,
      tooSlow() {
        line.settle();
        listeners.delete(listener);
      },
    };
    listeners.add(listener);
    const seqs = () => taken.map(({ frames }) => frames.map(({ place }) => place?.position.seq));
    return { listener, taken, seqs };
  }
  return {
    line,
    network,
    member,
    endTurn() {
      for (const call of turnEnds.splice(0)) call();
    },
    /** @param index  in the order in which they began. */
    async load(index: number) {
      loads[index]?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
    loading: () => loads.length,
  };
}

describe('what a group is told in one turn', () => {
  test('each of it is given at the end of the turn, at once and in order, and goes on from the last of it', () => {
    const { line, member, endTurn } = setUp();
    const [one, other] = [member(), member()];
    line.tell([frame(1)]);
    line.tell([frame(2, { upToDate: false }), frame(3, { goesOn: true, upToDate: false })]);
    expect(one.seqs()).toEqual([]);
    endTurn();
    for (const { seqs, taken, listener } of [one, other]) {
      expect([seqs(), taken[0]?.isWritten]).toEqual([[[1, 2, 3]], true]);
      const { place, upToDate, at } = listener.lastTold;
      expect([place?.position.seq, listener.placeStanding, upToDate]).toEqual([3, standing, false]);
      expect(at).toBeGreaterThan(0);
    }
    line.tell([frame(4)]);
    endTurn();
    expect(one.seqs()).toEqual([[1, 2, 3], [4]]);
  });

  test('is there before anything else is told, when it is settled, and is not told again', () => {
    const { line, member, endTurn } = setUp();
    const one = member();
    line.tell([frame(1)]);
    line.settle();
    expect(one.seqs()).toEqual([[1]]);
    line.tell([frame(2)]);
    endTurn();
    expect(one.seqs()).toEqual([[1], [2]]);
  });

  test('is cut into bundles that a socket is handed at a time', () => {
    const { line, member, endTurn } = setUp({ sizeOf: 30_000 });
    const one = member();
    line.tell([1, 2, 3, 4, 5].map((seq) => frame(seq)));
    endTurn();
    expect(one.seqs()).toEqual([[1, 2], [3, 4], [5]]);
  });

  test('is taken as far as there is room; who is too slow goes from there, and the others are told all, in order', () => {
    const { line, member, endTurn } = setUp({ sizeOf: 40_000 });
    const members = [member(), member({ room: 2 }), member({ room: 0 }), member()];
    line.tell([frame(1), frame(2), frame(3)]);
    endTurn();
    line.tell([frame(4)]);
    endTurn();
    expect(members.map(({ seqs }) => seqs().flat())).toEqual([[1, 2, 3, 4], [1, 2], [], [1, 2, 3, 4]]);
    expect(members.map(({ listener }) => listener.lastTold.place?.position.seq)).toEqual([4, 2, undefined, 4]);
  });

  test('is each one’s own to execute where nobody executes for all', () => {
    const { line, member, endTurn } = setUp();
    const members = [member({ executes: false }), member({ executes: false })];
    line.tell([frame(1), frame(2)]);
    endTurn();
    for (const { seqs, taken } of members) expect([seqs(), taken[0]?.isWritten]).toEqual([[[1, 2]], false]);
    const last = member();
    line.tell([frame(3)]);
    endTurn();
    expect([last.seqs(), last.taken[0]?.isWritten]).toEqual([[[3]], true]);
  });
});

describe('frames that load something', () => {
  test('load all at once, and are told in their order as soon as those before them are there', async () => {
    const { line, member, endTurn, network, load, loading } = setUp();
    const one = member();
    network.isSlow = true;
    line.tell([frame(1), frame(2)]);
    endTurn();
    line.tell([frame(3)]);
    endTurn();
    expect([loading(), one.seqs()]).toEqual([3, []]);
    await load(1);
    endTurn();
    expect(one.seqs()).toEqual([]);
    await load(0);
    endTurn();
    expect(one.seqs()).toEqual([[1, 2]]);
    await load(2);
    endTurn();
    expect(one.seqs()).toEqual([[1, 2], [3]]);
    expect(one.taken.every(({ isWritten }) => isWritten)).toBe(true);
  });

  test('are given to each to wait there, behind those that are written, when it is settled', async () => {
    const { line, member, endTurn, network, load } = setUp();
    const one = member();
    line.tell([frame(1)]);
    endTurn();
    network.isSlow = true;
    line.tell([frame(2), frame(3), frame(4)]);
    endTurn();
    await load(0);
    line.settle();
    expect(one.taken.slice(1).map(({ isWritten }) => isWritten)).toEqual([true, false]);
    expect(one.seqs()).toEqual([[1], [2], [3, 4]]);
    await load(1);
    endTurn();
    expect(one.seqs()).toEqual([[1], [2], [3, 4]]);
  });

  test('do so too when they are many: what is too much for one is counted there', () => {
    const { line, member, endTurn, network } = setUp();
    const one = member();
    network.isSlow = true;
    line.tell(Array.from({ length: 64 }, (_, seq) => frame(seq)));
    endTurn();
    expect(one.seqs()).toEqual([]);
    line.tell([frame(64)]);
    endTurn();
    expect(one.seqs().flat()).toHaveLength(65);
  });
});
