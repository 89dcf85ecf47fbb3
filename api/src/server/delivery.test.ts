import { describe, expect, test } from '@jest/globals';
import { codedError } from '../errors.ts';
import { bundle, bundleOf, createSocket, named, readBy, sharedFrame } from './testing/create-socket.ts';

describe('frames over a socket', () => {
  test('carry the id of their subscription as JSON in UTF-8, and each its own standing', () => {
    const { sent, executed, subscribe } = createSocket();
    const queues = ['a"\\', 'é€\ud800'].map(subscribe);
    for (const queue of queues) void readBy(queue, sent);
    const shared = bundle('101');
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
    queue.share(bundle('101'), 's');
    expect(sent).toEqual([]);
    void readBy(queue, sent);
    expect(sent).toEqual(['{"id":"1" 100}', '{"id":"1" 101 s}']);
  });

  test('stay in order when one’s own is still being executed, and others of the group are ahead', async () => {
    const { sent, subscribe, finish } = createSocket({ slow: true });
    const [one, other] = [subscribe('1'), subscribe('2')];
    for (const queue of [one, other]) void readBy(queue, sent);
    const shared = bundle('101');
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
    network.isOpen = false;
    const taken = ['101', '102', '103', '104'].map((name) => queue.share(bundle(name), 's'));
    expect([taken, sent]).toEqual([[1, 1, 1, 0], []]);
    makeRoom();
    expect(sent).toEqual(['{"id":"1" 101 s}', '{"id":"1" 102 s}', '{"id":"1" 103 s}']);
    expect([backlog.frames, backlog.bytes]).toEqual([0, 0]);
  });

  test('of one transaction are all taken, however many, once the first was', () => {
    const { subscribe, network } = createSocket();
    const queue = subscribe('1');
    network.isOpen = false;
    const pieces = [1, 2, 3, 4, 5].map((piece) => sharedFrame(String(piece), piece > 1));
    expect(queue.share(bundleOf(pieces), 's')).toBe(5);
    expect(queue.share(bundle('next'), 's')).toBe(0);
  });

  test('of several transactions are taken as far as there is room for them', () => {
    const { sent, subscribe, network, makeRoom } = createSocket();
    const queue = subscribe('1');
    void readBy(queue, sent);
    network.isOpen = false;
    expect(queue.share(bundle('101', '102', '103', '104', '105'), 's')).toBe(3);
    makeRoom();
    expect(sent).toEqual(['{"id":"1" 101 s}', '{"id":"1" 102 s}', '{"id":"1" 103 s}']);
  });
});

test('what a shared frame loads is under way while those before it wait, and they keep their order', async () => {
  const { sent, executed, subscribe, finish } = createSocket({ slow: true });
  const queue = subscribe('1');
  void readBy(queue, sent);
  for (const name of ['101', '102']) queue.share(bundle(name), 's');
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
    network.isOpen = false;
    queue.share(bundle('101'), 's');
    queue.push(named('102'), 10);
    queue.end(codedError('SLOW_CONSUMER', 'too slow'));
    expect(queue.share(bundle('103'), 's')).toBe(1);
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
    const shared = bundle('101');
    for (const one of [queue, other]) one.share(shared, 's');
    queue.push(named('102'), 10);
    network.isOpen = false;
    await finish(0);
    await queue.return?.();
    await reading;
    expect(queue.share(bundle('103'), 's')).toBe(1);
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
  network.isOpen = false;
  for (const queue of [one, other]) queue.push(named('101'), 10);
  third.share(bundle('102'), 's');
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
  test('has what is not executed yet executed for itself: by another of the group it may read what it may no more', async () => {
    const { sent, executed, subscribe, finish } = createSocket({ slow: true });
    const [one, other] = [subscribe('1'), subscribe('2')];
    for (const queue of [one, other]) void readBy(queue, sent);
    const frames = bundle('101', '102', '103');
    one.share(frames, 's');
    one.leaveGroup();
    other.share(frames, 's');
    for (const begun of [0, 3, 4, 5]) await finish(begun);
    expect(executed).toEqual(['101 for all', '102 for all', '103 for all', '101 for 1', '102 for 1', '103 for 1']);
    expect(sent.filter((message) => message.includes('"1"'))).toEqual([
      '{"id":"1" 101}',
      '{"id":"1" 102}',
      '{"id":"1" 103}',
    ]);
  });
});

describe('who will come back', () => {
  test('is told what is executed, and nothing from the first on that is not; nothing is executed for it alone', async () => {
    const { sent, executed, subscribe, network, makeRoom, finish, backlog } = createSocket({ slow: true });
    const [one, other] = [subscribe('1'), subscribe('2')];
    for (const queue of [one, other]) void readBy(queue, sent);
    network.isOpen = false;
    const frames = bundle('101', '102', '103');
    one.share(frames, 's');
    other.share(frames, 's');
    await finish(0);
    await finish(2);
    one.dropUnexecuted();
    one.leaveGroup();
    one.end(codedError('TOKEN_EXPIRED', 'refresh'));
    makeRoom();
    await finish(1);
    expect(executed).toEqual(['101 for all', '102 for all', '103 for all']);
    expect(sent.filter((message) => message.includes('"1"'))).toEqual(['{"id":"1" 101 s}']);
    expect(sent.filter((message) => message.includes('"2"'))).toHaveLength(3);
    expect([backlog.frames, backlog.bytes, network.held]).toEqual([0, 0, 0]);
  });

  test('is not told what was being executed for it alone', async () => {
    const { sent, subscribe, network, finish } = createSocket({ slow: true });
    const queue = subscribe('1');
    void readBy(queue, sent);
    queue.push(named('101'), 10);
    queue.dropUnexecuted();
    await finish(0);
    queue.push(named('102'), 10);
    await finish(1);
    expect([sent, network.held]).toEqual([['{"id":"1" 102}'], 0]);
  });
});
