import { describe, expect, test } from '@jest/globals';
import type { FrameQueue } from '../feed/frame-queue.ts';
import type { SharedBundle } from '../feed/shared-frame.ts';
import { bundle, bundleOf, createSocket, named, readBy } from './testing/create-socket.ts';

describe('frames that are written already', () => {
  /** Executed by the first of those who are told them. */
  function written(queue: FrameQueue, ...names: readonly string[]): SharedBundle {
    const { frames } = bundle(...names);
    for (const frame of frames) queue.execute(frame, () => {});
    return bundleOf(frames);
  }

  test('go out together, in order, each with its own id and standing', () => {
    const sockets = ['id one', 'id two', 'other length'].map((id) => {
      const socket = createSocket();
      const queue = socket.subscribe(id);
      void readBy(queue, socket.sent);
      return { ...socket, id, queue };
    });
    const [first] = sockets;
    if (first === undefined) throw new Error('there are three');
    const frames = written(first.queue, '101', '102');
    for (const { id, queue } of sockets) expect(queue.share(frames, `of ${id}`)).toBe(2);
    for (const { id, sent, network } of sockets) {
      expect(sent).toEqual([`{"id":"${id}" 101 of ${id}}`, `{"id":"${id}" 102 of ${id}}`]);
      expect(network.framed).toBe(1);
    }
    expect(first.executed).toEqual(['101 for all', '102 for all']);
  });

  test('wait behind those that are not, and for room', async () => {
    const { sent, subscribe, network, makeRoom, finish } = createSocket({ slow: true });
    const queue = subscribe('1');
    void readBy(queue, sent);
    const { frames } = bundle('101');
    for (const frame of frames) queue.execute(frame, () => {});
    await finish(0);
    queue.push(named('100'), 10);
    queue.share(bundleOf(frames), 's');
    expect(sent).toEqual([]);
    await finish(1);
    expect(sent).toEqual(['{"id":"1" 100}', '{"id":"1" 101 s}']);
    network.isOpen = false;
    queue.share(bundleOf(frames), 't');
    expect(sent).toHaveLength(2);
    makeRoom();
    expect(sent[2]).toBe('{"id":"1" 101 t}');
  });

  test('share a write with what other subscriptions of their socket are told in the turn', () => {
    const { sent, subscribe, network } = createSocket();
    const [one, other] = [subscribe('1'), subscribe('2')];
    for (const queue of [one, other]) void readBy(queue, sent);
    one.share(written(one, '101', '102'), 's');
    expect([network.framed, sent]).toEqual([0, ['{"id":"1" 101 s}', '{"id":"1" 102 s}']]);
  });
});
