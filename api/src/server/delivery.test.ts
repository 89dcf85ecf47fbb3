import { describe, expect, test } from '@jest/globals';
import { codedError } from '../errors.ts';
import { createBacklog } from '../feed/backlog.ts';
import { createCursors } from '../feed/cursor.ts';
import type { Frame } from '../feed/frame.ts';
import type { FrameQueue } from '../feed/frame-queue.ts';
import { createPlacedFrame, type FrameText, standingMark } from '../feed/shared-frame.ts';
import { Delivery } from './delivery.ts';
import type { FrameAnswers } from './frame-answers.ts';
import type { Pump } from './outlet.ts';

const bounds = {
  maxSubscriptions: 3,
  maxFrames: 100,
  maxBytes: 100_000,
  maxSubscriptionFrames: 2,
  maxSubscriptionBytes: 100_000,
  patienceMs: 100,
};
const cursors = createCursors('a secret for tests of delivery, long enough');
const position = { epoch: 1, epochId: 'e', seq: 1, tag: 't' };
const authority = { viewerId: 'ada', isAdmin: false, memberships: new Map(), sharesWorkspaceWith: () => false };

const named = (name: string): Frame => ({
  cursor: name,
  reset: false,
  upToDate: true,
  transaction: { transactionId: name, at: new Date(0), mutationId: null, actorId: null },
  changes: [],
});
function sharedFrame(name: string) {
  const { cursor: _, ...told } = named(name);
  return createPlacedFrame(cursors, { told, place: { position, sentOfNext: 0 }, group: 'g', bytes: 10, authority });
}

/** A network that takes messages until it is told not to, and executions that are done at once unless `slow`. */
function createSocket({ slow = false } = {}) {
  const sent: string[] = [];
  const waiting = new Set<Pump>();
  const executed: string[] = [];
  const unfinished: (() => void)[] = [];
  const network = {
    hasRoom: true,
    whenRoom: (one: Pump) => void waiting.add(one),
    forget: (one: Pump) => void waiting.delete(one),
    write: (message: string) => void sent.push(message),
    held: 0,
    hold(bytes: number) {
      this.held += bytes;
    },
    flush() {},
  };
  const backlog = createBacklog(bounds);
  function finished<Text>(text: Text): Text | Promise<Text> {
    return slow ? new Promise((resolve) => unfinished.push(() => resolve(text))) : text;
  }
  function subscribe(id: string) {
    const answers: Pick<FrameAnswers, 'write' | 'writeShared'> = {
      write({ transaction }) {
        executed.push(`${transaction?.transactionId} for ${id}`);
        return finished(` ${transaction?.transactionId}}`);
      },
      writeShared({ transaction }) {
        executed.push(`${transaction?.transactionId} for all`);
        return finished<FrameText>(` ${transaction?.transactionId} ${standingMark}}`.split(standingMark));
      },
    };
    return new Delivery({ id, outlet: network, backlog, answers }, { end() {} });
  }
  return {
    sent,
    executed,
    backlog,
    waiting,
    subscribe,
    network,
    makeRoom() {
      network.hasRoom = true;
      for (const one of [...waiting]) {
        waiting.delete(one);
        one.pump();
      }
    },
    /** @param index  in the order in which they began. */
    async finish(index: number) {
      unfinished[index]?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** What graphql-ws does with what it reads. */
function readBy(queue: FrameQueue, sent: string[]): Promise<void> {
  return (async () => {
    for await (const event of queue) sent.push('error' in event ? String(event.error.extensions['code']) : 'a frame');
    sent.push('the end');
  })();
}

describe('frames over a socket', () => {
  test('carry the id of their subscription as JSON in UTF-8, and each its own standing', () => {
    const { sent, executed, subscribe } = createSocket();
    const queues = ['a"\\', 'é€\ud800'].map(subscribe);
    for (const queue of queues) void readBy(queue, sent);
    const shared = sharedFrame('101');
    for (const [index, queue] of queues.entries()) queue.share(shared, `standing ${index}`);
    expect(sent.map((bytes) => Buffer.from(bytes, 'latin1').toString())).toEqual([
      '{"id":"a\\"\\\\" 101 standing 0}',
      '{"id":"é€\\ud800" 101 standing 1}',
    ]);
    expect(executed).toEqual(['101 for all']);
  });

  test('wait until graphql-ws knows the subscription', () => {
    const { sent, subscribe } = createSocket();
    const queue = subscribe('1');
    queue.push(named('100'), 10);
    queue.share(sharedFrame('101'), 's');
    expect(sent).toEqual([]);
    void readBy(queue, sent);
    expect(sent).toEqual(['{"id":"1" 100}', '{"id":"1" 101 s}']);
  });

  test('stay in order when one’s own is still being executed, and others of the group are ahead', async () => {
    const { sent, subscribe, finish } = createSocket({ slow: true });
    const [one, other] = [subscribe('1'), subscribe('2')];
    for (const queue of [one, other]) void readBy(queue, sent);
    const shared = sharedFrame('101');
    one.push(named('100'), 10);
    other.share(shared, 's');
    await finish(1);
    one.share(shared, 's');
    expect(sent).toEqual(['{"id":"2" 101 s}']);
    await finish(0);
    expect(sent.slice(1)).toEqual(['{"id":"1" 100}', '{"id":"1" 101 s}']);
  });

  test('wait, in order and within their bound, while the network takes nothing', () => {
    const { sent, subscribe, network, makeRoom, backlog } = createSocket();
    const queue = subscribe('1');
    void readBy(queue, sent);
    network.hasRoom = false;
    const taken = ['101', '102', '103', '104'].map((name) => queue.share(sharedFrame(name), 's'));
    expect([taken, sent]).toEqual([[true, true, true, false], []]);
    makeRoom();
    expect(sent).toEqual(['{"id":"1" 101 s}', '{"id":"1" 102 s}', '{"id":"1" 103 s}']);
    expect([backlog.frames, backlog.bytes]).toEqual([0, 0]);
  });

  test('of one transaction are all taken, however many, once the first was', () => {
    const { subscribe, network } = createSocket();
    const queue = subscribe('1');
    network.hasRoom = false;
    const taken = [1, 2, 3, 4, 5].map((piece) => queue.share(sharedFrame(String(piece)), 's', piece > 1));
    expect([...taken, queue.share(sharedFrame('next'), 's')]).toEqual([true, true, true, true, true, false]);
  });
});

test('what a shared frame loads is under way while those before it wait, and they keep their order', async () => {
  const { sent, executed, subscribe, finish } = createSocket({ slow: true });
  const queue = subscribe('1');
  void readBy(queue, sent);
  for (const name of ['101', '102']) queue.share(sharedFrame(name), 's');
  expect(executed).toEqual(['101 for all', '102 for all']);
  await finish(1);
  expect(sent).toEqual([]);
  await finish(0);
  expect(sent).toEqual(['{"id":"1" 101 s}', '{"id":"1" 102 s}']);
});

describe('a subscription that ends', () => {
  test('sends what waits, then the reason, then the end', async () => {
    const { sent, subscribe, network, makeRoom, backlog } = createSocket();
    const queue = subscribe('1');
    const reading = readBy(queue, sent);
    network.hasRoom = false;
    queue.share(sharedFrame('101'), 's');
    queue.push(named('102'), 10);
    queue.end(codedError('SLOW_CONSUMER', 'too slow'));
    expect(queue.share(sharedFrame('103'), 's')).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    makeRoom();
    await reading;
    expect(sent).toEqual(['{"id":"1" 101 s}', '{"id":"1" 102}', 'SLOW_CONSUMER', 'the end']);
    expect([backlog.subscriptions, backlog.frames, backlog.bytes]).toEqual([0, 0, 0]);
  });

  test('before it was read gives its reason when it is', async () => {
    const { sent, subscribe } = createSocket();
    const queue = subscribe('1');
    queue.end(codedError('CURSOR_EXPIRED', 'too old'));
    await readBy(queue, sent);
    expect(sent).toEqual(['CURSOR_EXPIRED', 'the end']);
  });

  test('by its client’s will sends nothing more, also of what was being executed, and leaves nothing behind', async () => {
    const { sent, subscribe, network, makeRoom, backlog, waiting, finish } = createSocket({ slow: true });
    const [queue, other] = [subscribe('1'), subscribe('2')];
    const reading = readBy(queue, sent);
    void readBy(other, sent);
    const shared = sharedFrame('101');
    for (const one of [queue, other]) one.share(shared, 's');
    queue.push(named('102'), 10);
    network.hasRoom = false;
    await finish(0);
    await queue.return?.();
    await reading;
    expect(queue.share(sharedFrame('103'), 's')).toBe(true);
    expect(waiting.size).toBe(1);
    makeRoom();
    expect(sent).toEqual(['the end', '{"id":"2" 101 s}']);
    expect([backlog.subscriptions, backlog.frames, backlog.bytes]).toEqual([1, 0, 0]);
  });
});

test('a frame of one’s own that waits for room counts as unread, until it is sent or its subscription ends', async () => {
  const { sent, subscribe, network, makeRoom } = createSocket();
  const [one, other, third] = [subscribe('1'), subscribe('2'), subscribe('3')];
  for (const queue of [one, other, third]) void readBy(queue, sent);
  network.hasRoom = false;
  for (const queue of [one, other]) queue.push(named('101'), 10);
  third.share(sharedFrame('102'), 's');
  expect(network.held).toBe('{"id":"1" 101}'.length * 2);
  await one.return?.();
  expect(network.held).toBe('{"id":"1" 101}'.length);
  makeRoom();
  expect([network.held, sent]).toEqual([0, ['the end', '{"id":"2" 101}', '{"id":"3" 102 s}']]);
});

test('what was being executed when its client left is not sent', async () => {
  const { sent, subscribe, network, finish } = createSocket({ slow: true });
  const queue = subscribe('1');
  const reading = readBy(queue, sent);
  queue.push(named('101'), 10);
  await queue.return?.();
  await finish(0);
  await reading;
  expect([sent, network.held]).toEqual([['the end'], 0]);
});

describe('who leaves its group', () => {
  test('has what waits executed for itself: by another of the group it may read what it may no more', async () => {
    const { sent, executed, subscribe, finish } = createSocket({ slow: true });
    const [one, other] = [subscribe('1'), subscribe('2')];
    for (const queue of [one, other]) void readBy(queue, sent);
    const frames = ['101', '102', '103'].map(sharedFrame);
    for (const shared of frames) one.share(shared, 's');
    one.leaveGroup();
    for (const shared of frames) other.share(shared, 's');
    for (const begun of [0, 3, 4]) await finish(begun);
    expect(executed).toEqual(['101 for all', '102 for all', '103 for all', '102 for 1', '103 for 1']);
    expect(sent.filter((message) => message.includes('"1"'))).toEqual([
      '{"id":"1" 101 s}',
      '{"id":"1" 102}',
      '{"id":"1" 103}',
    ]);
  });
});
