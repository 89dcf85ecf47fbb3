import { expect, test } from '@jest/globals';
import { createDirectory } from '../authority/directory.ts';
import { task } from '../schema/task.ts';
import { createCursors } from './cursor.ts';
import type { FrameChange } from './frame.ts';
import { createRecentFrames } from './recent-frames.ts';
import { collectGarbage } from './testing/collect-garbage.ts';
import type { LogTransaction } from './transaction.ts';

const previous = { epoch: 1, epochId: 'e', seq: 1, tag: 't1' };
const transaction = (seq: number): LogTransaction => ({
  position: { ...previous, seq, tag: `t${seq}` },
  batch: 1,
  incarnation: 'i',
  xid: BigInt(seq),
  at: new Date(0),
  actor: null,
  actorSession: null,
  mutationId: null,
  changes: new Map(),
  tables: new Set(['tasks']),
  unknowable: new Map(),
  bytes: 0,
});
const change: FrameChange = {
  model: task,
  operation: 'DELETED',
  key: 'k',
  row: null,
  previous: null,
  changedFields: [],
};
const { authorityOf } = createDirectory({ members: [], adminIds: [] });
const ofGroup = (group: string) => ({ group, authority: authorityOf('ada') });
const create = (maxBytes = 1e6) =>
  createRecentFrames({
    cursors: createCursors('a secret for tests of frames, long enough'),
    bounds: { maxChanges: 2, maxBytes: 1e6 },
    maxBytes,
  });

test('those of a group are told a transaction in the same frames; another group, or after another place, in others', () => {
  const recent = create();
  const [one, other] = [transaction(5), transaction(6)];
  const newest = { previous, isNewest: true };
  const frames = recent.of(one, [change, change, change], newest, ofGroup('g'));
  expect(frames.map(({ frame }) => frame.changes.length)).toEqual([2, 1]);
  expect(recent.of(one, [change, change, change], newest, ofGroup('g'))).toBe(frames);
  for (const [what, telling, group] of [
    [one, newest, 'h'],
    [one, { previous, isNewest: false }, 'g'],
    [one, { previous: { ...previous, seq: 2 }, isNewest: true }, 'g'],
    [other, newest, 'g'],
  ] as const)
    expect(recent.of(what, [change], telling, ofGroup(group))).not.toBe(frames);
});

test('what is asked for again is kept, what is not is let go', () => {
  const recent = create();
  const telling = { previous, isNewest: false };
  const [asked, forgotten] = [transaction(5), transaction(6)];
  const [first, second] = [asked, forgotten].map((one) => recent.of(one, [change], telling, ofGroup('g')));
  recent.age();
  expect(recent.of(asked, [change], telling, ofGroup('g'))).toBe(first);
  recent.age();
  expect(recent.of(asked, [change], telling, ofGroup('g'))).toBe(first);
  expect(recent.of(forgotten, [change], telling, ofGroup('g'))).not.toBe(second);
});

test('no more is kept than may be', () => {
  const telling = { previous, isNewest: false };
  const first = transaction(5);
  const [small, large] = [create(1_500), create()];
  for (const [recent, isKept] of [
    [small, false],
    [large, true],
  ] as const) {
    const frames = recent.of(first, [change], telling, ofGroup('g'));
    for (let seq = 6; seq < 9; seq += 1) recent.of(transaction(seq), [change], telling, ofGroup('g'));
    expect(recent.of(first, [change], telling, ofGroup('g')) === frames).toBe(isKept);
  }
});

test('what a transaction is to a group is found out once', () => {
  const recent = create();
  let looked = 0;
  const look = (group: string, of = first) =>
    recent.changesIn(of, group, () => {
      looked += 1;
      return [change];
    });
  const first = transaction(5);
  expect(look('g')).toBe(look('g'));
  expect(look('h')).not.toBe(look('g'));
  expect(look('g', transaction(6))).not.toBe(look('g'));
  expect(looked).toBe(3);
});

test('what was made of a transaction does not keep it, once nobody else does', async () => {
  const recent = create();
  const passBy = (seq: number) => {
    const one = transaction(seq);
    recent.keysIn(one, task, ['workspaceId']);
    recent.changesIn(one, 'g', () => [change]);
    recent.of(one, [change], { previous, isNewest: false }, ofGroup('g'));
    return new WeakRef(one);
  };
  const passed = [5, 6, 7, 8].map(passBy);
  await collectGarbage();
  // Whose rows were made last is remembered, whoever asks next.
  expect(passed.slice(0, -1).map((ref) => ref.deref())).toEqual([undefined, undefined, undefined]);
});
