import { describe, expect, test } from '@jest/globals';
import type { Bounds } from '@sync-hub/stream/stream';
import { type Comparison, reasonForNewEpoch, resumeSeq } from './epoch.ts';
import type { NewestBatch, Standing } from './relay-session.ts';

const server = { systemIdentifier: '7', timeline: '00000001' };

/** Batch 9 has seq 101 to 110, of which 105 was acknowledged; batches from seq 41 on are kept. */
const newest: NewestBatch = {
  batch: 9,
  incarnation: 'i',
  tag: 'tag-9',
  from: '1:1:',
  to: '2:2:',
  fencedAt: '2026-11-23T10:00:00.000000Z',
  firstSeq: 101,
  sentSeq: 105,
  rows: 10,
  oldestSeq: 41,
  isAhead: false,
};
const standing: Standing = {
  session: 's',
  epoch: 3,
  epochId: 'e',
  epochFirstSeq: 11,
  newEpochReason: null,
  server,
  epochServer: server,
  newest,
};

function holds(seq: number, { epoch = 3, tag = 'tag-9' } = {}): Bounds {
  return { oldest: { epoch: 1, seq: 1 }, newest: { epoch, seq }, newestTag: tag };
}

function reason(over: Partial<Comparison> = {}): string | null {
  return reasonForNewEpoch({ standing, bounds: holds(105), ownTag: 'tag-9', incompleteBatch: null, ...over });
}

describe('the log goes on', () => {
  test('when the stream holds what was acknowledged', () => expect(reason()).toBeNull());
  test('when it holds all of the batch that was being sent', () => expect(reason({ bounds: holds(110) })).toBeNull());
  test('when it has lost a tail that is kept here', () =>
    expect(reason({ bounds: holds(40), ownTag: null })).toBeNull());
  test('when it is empty', () => expect(reason({ bounds: null, ownTag: null })).toBeNull());
  test('when it holds the end of the epoch before, and all of this one is kept', () => {
    const young = { ...standing, epochFirstSeq: 41 };
    expect(reason({ standing: young, bounds: holds(999, { epoch: 2 }), ownTag: 'other' })).toBeNull();
  });
});

describe('a new epoch begins', () => {
  const cases: [string, Partial<Comparison>, RegExp][] = [
    ['at the very first start', { standing: { ...standing, epoch: 0, newest: null } }, /first/],
    ['when the batches are gone', { standing: { ...standing, newest: null } }, /batches are gone/],
    ['when it was asked for', { standing: { ...standing, newEpochReason: 'because' } }, /^because$/],
    ['on another server', { standing: { ...standing, server: { ...server, systemIdentifier: '8' } } }, /server 8/],
    [
      'on another timeline',
      { standing: { ...standing, server: { ...server, timeline: '00000002' } } },
      /timeline 00000002/,
    ],
    ['when the database was set back', { standing: { ...standing, newest: { ...newest, isAhead: true } } }, /future/],
    ['when the stream holds a newer epoch', { bounds: holds(1, { epoch: 4 }) }, /epoch 4/],
    ['when the stream goes on beyond the last batch', { bounds: holds(111) }, /seq 111, the database to 110/],
    ['when a seq has another tag', { bounds: holds(104, { tag: 'x' }) }, /seq 104 has tag x on the stream, tag-9/],
    ['when the stream has lost more than is kept', { bounds: holds(39) }, /lost seq 40 and on.* 41 and on are kept/],
    ['when it has lost more of a young epoch than is kept', { bounds: holds(5, { epoch: 2 }) }, /lost seq 11/],
    ['when rows that must be sent again are gone', { incompleteBatch: 8 }, /batch 8/],
  ];
  test.each(cases)('%s', (_, over, expected) => expect(reason(over)).toMatch(expected));
});

describe('sending goes on', () => {
  test('after what was acknowledged', () => expect(resumeSeq(standing, holds(105))).toBe(106));
  test('after what was acknowledged, though the stream may hold more', () =>
    expect(resumeSeq(standing, holds(110))).toBe(106));
  test('after what the stream still holds', () => expect(resumeSeq(standing, holds(40))).toBe(41));
  test('with all that is kept when the stream is empty', () => expect(resumeSeq(standing, null)).toBe(41));
  test('with the first of the epoch when the stream has nothing of it', () => {
    const young = { ...standing, epochFirstSeq: 101 };
    expect(resumeSeq(young, holds(999, { epoch: 2 }))).toBe(101);
  });
});
