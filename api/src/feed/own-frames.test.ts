import { expect, test } from '@jest/globals';
import { createCursors } from './cursor.ts';
import type { FrameQueue } from './frame-queue.ts';
import { createFrameWriter } from './frame-writer.ts';
import { GroupLine } from './group-line.ts';
import { createPlacedFrame } from './shared-frame.ts';
import { Teller } from './teller.ts';

const cursors = createCursors('a secret for tests of own frames, long enough');
const authority = { viewerId: 'ada', isAdmin: false, memberships: new Map(), sharesWorkspaceWith: () => false };
const position = { epoch: 1, epochId: 'e', seq: 1, tag: 't' };
const standing = {
  viewerId: 'ada',
  question: 'q',
  authority: 'a',
  shapes: 's',
  start: null,
  since: position,
  group: 'g',
};

/** One of a group that is told something which it has not been given yet. */
function setUp() {
  const log: string[] = [];
  const queue: Partial<FrameQueue> = {
    push({ upToDate }) {
      log.push(upToDate ? 'own' : 'may be old');
      return true;
    },
    share({ frames }) {
      log.push('group');
      return frames.length;
    },
    execute: () => false,
  };
  let isStalled = false;
  const frames = createFrameWriter({ cursors, bounds: { maxChanges: 10, maxBytes: 1e6 }, maxRecentBytes: 1e6 });
  const told = { request: {}, standpoint: { standing: () => standing }, end() {} };
  const teller = new Teller(
    { frames, log: { isStalled: () => isStalled } },
    told as unknown as ConstructorParameters<typeof Teller>[1],
    queue as FrameQueue,
  );
  const line = new GroupLine([teller], () => {});
  teller.line = line;
  teller.listen();
  const quiet = { reset: false, upToDate: true, transaction: null, changes: [] };
  line.tell([
    createPlacedFrame(cursors, {
      told: quiet,
      place: { position, sentOfNext: 0 },
      goesOn: false,
      group: 'g',
      bytes: 10,
      authority,
    }),
  ]);
  return {
    log,
    teller,
    stall() {
      isStalled = true;
    },
  };
}

test('a frame of one’s own comes after what one’s group was told before it', () => {
  const { log, teller } = setUp();
  teller.quiet(position, true);
  expect(log).toEqual(['group', 'own']);
});

test('whether something was said lately, and that it was up to date, counts what the group was told', () => {
  const { log, teller } = setUp();
  teller.refresh(position, Date.now() - 1_000);
  expect(log).toEqual(['group']);
});

test('that what is on screen may be old is said after what the group was told before', () => {
  const { log, teller, stall } = setUp();
  stall();
  teller.refresh(position, 0);
  expect(log).toEqual(['group', 'may be old']);
});
