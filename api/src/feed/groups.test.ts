import { describe, expect, test } from '@jest/globals';
import { createDirectory } from '../authority/directory.ts';
import { task } from '../schema/task.ts';
import { createCursors } from './cursor.ts';
import type { Follow } from './follow-request.ts';
import { changeOperations } from './frame.ts';
import type { FrameQueue } from './frame-queue.ts';
import { groupOf } from './group-key.ts';
import { createGroups, type GroupMember } from './groups.ts';
import type { Listener } from './listener.ts';
import type { SharedBundle, SharedFrame } from './shared-frame.ts';
import { created, joined, memberRow } from './testing/start-feed.ts';
import type { LogTransaction, RowChange } from './transaction.ts';

const previous = { epoch: 1, epochId: 'e', seq: 1, tag: 't1' };
const position = { ...previous, seq: 9, tag: 't9' };
const placing = { previous, isNewest: true };

type Written = RowChange & { readonly table: string };
function transactionOf(...written: readonly Written[]): LogTransaction {
  const tables = new Set(written.map(({ table }) => table));
  return {
    position,
    batch: 1,
    incarnation: 'i',
    xid: 101n,
    at: new Date(0),
    actor: null,
    actorSession: null,
    mutationId: null,
    changes: new Map([...tables].map((table) => [table, written.filter((change) => change.table === table)])),
    tables,
    unknowable: new Map(),
    bytes: 0,
  };
}

function setUp({ maxChanges = 500, atTurnEnd = (call: () => void) => call() } = {}) {
  const directory = createDirectory({
    members: [memberRow('ada', 'home'), memberRow('bob', 'home'), memberRow('eve', 'elsewhere')],
    adminIds: [],
  });
  const { authorityOf } = directory;
  const cursors = createCursors('a secret for tests of groups, long enough');
  const groups = createGroups({
    cursors,
    bounds: { maxChanges, maxBytes: 1e6 },
    authorityOf,
    atTurnEnd,
  });

  /** @param room  so many frames are taken, then it is slow. */
  function member(viewerId: string, { room = Number.POSITIVE_INFINITY } = {}) {
    const taken: { shared: SharedFrame; standing: string }[] = [];
    let timesOnItsOwn = 0;
    const queue = {
      share({ frames }: SharedBundle, standing: string) {
        const some = frames.slice(0, room - taken.length);
        taken.push(...some.map((shared) => ({ shared, standing })));
        return some.length;
      },
      execute: () => false,
      leaveGroup() {
        timesOnItsOwn += 1;
      },
    } as unknown as FrameQueue;
    const request: Follow = {
      kind: 'changes',
      views: [{ model: task, matches: () => true, where: {}, operations: new Set(changeOperations) }],
      viewerId,
      sessionId: `session-of-${viewerId}`,
      expiresAt: new Date(0),
      question: 'q',
      workspaceId: null,
      selection: { responseName: 'taskChanges', models: [], isPersonal: false },
    };
    const listener: Listener = {
      queue,
      line: null,
      standing: null,
      text: '',
      lastTold: { place: null, at: 0, upToDate: null },
      placeStanding: null,
      tooSlow: () => groups.leave(one),
    };
    const one: GroupMember & { readonly taken: typeof taken; readonly timesOnItsOwn: number } = {
      taken,
      get timesOnItsOwn() {
        return timesOnItsOwn;
      },
      request,
      listen() {
        const group = groupOf(request, authorityOf(viewerId));
        const rest = { question: 'q', authority: 'a', shapes: 's', start: null, since: previous };
        return Object.assign(listener, { text: `standing of ${viewerId}`, standing: { viewerId, group, ...rest } });
      },
    };
    groups.join(one);
    return one;
  }
  return { directory, groups, member };
}

const told = ({ taken }: { readonly taken: readonly { readonly shared: SharedFrame }[] }) =>
  taken.map(({ shared }) => shared.frame.changes.map(({ operation, key }) => `${operation} ${key}`));

describe('those of a group', () => {
  test('are told the same frame, each with its own standing', () => {
    const { groups, member } = setUp();
    const [ada, bob] = [member('ada'), member('bob')];
    const wasTold = groups.tell(transactionOf(created('t1', 'home')), placing);
    expect(groups.size).toBe(1);
    expect(told(ada)).toEqual([['CREATED t1']]);
    expect(bob.taken[0]?.shared).toBe(ada.taken[0]?.shared);
    expect([ada, bob].map(({ taken }) => taken[0]?.standing)).toEqual(['standing of ada', 'standing of bob']);
    expect([ada, bob].map(wasTold)).toEqual([true, true]);
  });

  test('are not told what only others may see', () => {
    const { groups, member } = setUp();
    const [ada, eve] = [member('ada'), member('eve')];
    const wasTold = groups.tell(transactionOf(created('t1', 'elsewhere')), placing);
    expect([told(ada), told(eve)]).toEqual([[], [['CREATED t1']]]);
    expect([ada, eve].map(wasTold)).toEqual([false, true]);
  });

  test('are told a large transaction in pieces, of which the last alone moves the place on', () => {
    const { groups, member } = setUp({ maxChanges: 1 });
    const ada = member('ada');
    groups.tell(transactionOf(created('t1', 'home'), created('t2', 'home')), placing);
    expect(told(ada)).toEqual([['CREATED t1'], ['CREATED t2']]);
    expect(ada.taken.map(({ shared }) => shared.goesOn)).toEqual([false, true]);
    expect(ada.taken.map(({ shared }) => shared.place)).toEqual([
      { position: previous, sentOfNext: 1 },
      { position, sentOfNext: 0 },
    ]);
    expect(ada.taken.map(({ shared }) => shared.frame.upToDate)).toEqual([false, true]);
  });

  test('are told it also when one of them is too slow, and goes in their midst', () => {
    const { groups, member } = setUp();
    const members = [member('ada'), member('bob', { room: 0 }), member('ada')];
    groups.tell(transactionOf(created('t1', 'home')), placing);
    expect(members.map(told)).toEqual([[['CREATED t1']], [], [['CREATED t1']]]);
    expect(members.map(groups.has)).toEqual([true, false, true]);
  });

  test('read by a frame what they may read when they are told it, and not what one of them may read later', () => {
    const { directory, groups, member } = setUp();
    const ada = member('ada');
    groups.tell(transactionOf(created('t1', 'home')), placing);
    directory.apply(transactionOf(joined('ada', 'elsewhere')));
    expect([...(ada.taken[0]?.shared.authority.memberships.keys() ?? [])]).toEqual(['home']);
  });
});

describe('within a turn', () => {
  function setUpTurn() {
    const calls: (() => void)[] = [];
    return {
      ...setUp({ atTurnEnd: (call) => void calls.push(call) }),
      endTurn: () => calls.splice(0).map((call) => call()),
    };
  }

  test('who comes is not told what the others were told before, and who goes is', () => {
    const { groups, member, endTurn } = setUpTurn();
    const [ada, bob] = [member('ada'), member('bob')];
    groups.tell(transactionOf(created('t1', 'home')), placing);
    groups.leave(ada);
    expect([told(ada), ada.timesOnItsOwn]).toEqual([[['CREATED t1']], 1]);
    groups.tell(transactionOf(created('t2', 'home')), placing);
    const late = member('ada');
    groups.tell(transactionOf(created('t3', 'home')), placing);
    endTurn();
    expect([ada, bob, late].map(told)).toEqual([
      [['CREATED t1']],
      [['CREATED t1'], ['CREATED t2'], ['CREATED t3']],
      [['CREATED t3']],
    ]);
  });

  test('whoever comes finds a group also when all of it were too slow for what it was owed', () => {
    const { groups, member, endTurn } = setUpTurn();
    const ada = member('ada', { room: 0 });
    groups.tell(transactionOf(created('t1', 'home')), placing);
    const bob = member('bob');
    expect([groups.has(ada), groups.has(bob), groups.size]).toEqual([false, true, 1]);
    groups.tell(transactionOf(created('t2', 'home')), placing);
    endTurn();
    expect(told(bob)).toEqual([['CREATED t2']]);
  });

  test('who is too slow for what it is owed when it leaves has left once', () => {
    const { groups, member } = setUpTurn();
    const ada = member('ada', { room: 0 });
    groups.tell(transactionOf(created('t1', 'home')), placing);
    groups.leave(ada);
    expect([groups.has(ada), groups.size, ada.timesOnItsOwn]).toEqual([false, 0, 1]);
  });
});

describe('who leaves its group', () => {
  test('is told nothing more with it, and what waits for it is its own', () => {
    const { groups, member } = setUp();
    const [ada, bob] = [member('ada'), member('bob')];
    groups.leave(ada);
    const wasTold = groups.tell(transactionOf(created('t1', 'home')), placing);
    expect([told(ada), told(bob)]).toEqual([[], [['CREATED t1']]]);
    expect([ada, bob].map(wasTold)).toEqual([false, true]);
    expect([ada, bob].map(({ timesOnItsOwn }) => timesOnItsOwn)).toEqual([1, 0]);
  });

  test('leaves nothing behind when it was the last; whoever comes again is told again', () => {
    const { groups, member } = setUp();
    const ada = member('ada');
    groups.leave(ada);
    groups.leave(ada);
    expect([groups.size, [...groups.all()]]).toEqual([0, []]);
    groups.tell(transactionOf(created('t1', 'home')), placing);
    groups.join(ada);
    groups.tell(transactionOf(created('t2', 'home')), placing);
    expect(told(ada)).toEqual([['CREATED t2']]);
  });
});
