import { describe, expect, test } from '@jest/globals';
import { codedError } from '../errors.ts';
import { createBacklog } from './backlog.ts';
import type { Frame } from './frame.ts';
import { createFrameQueue } from './frame-queue.ts';

const frame: Frame = { cursor: 'c', reset: false, upToDate: true, transaction: null, changes: [] };
/** Wide, so that each test meets the one bound that it narrows. */
const wide = {
  maxSubscriptions: 2,
  maxFrames: 100,
  maxBytes: 100_000,
  maxSubscriptionFrames: 100,
  maxSubscriptionBytes: 100_000,
  patienceMs: 100,
};

describe('frames on their way to a subscriber', () => {
  test('come in order, whether it waits for them or they for it', async () => {
    const { queue } = createQueue();
    const first = queue.next();
    const frames = [1, 2, 3].map((number) => ({ ...frame, cursor: String(number) }));
    for (const one of frames) queue.push(one, 10);
    expect([await first, await queue.next(), await queue.next()].map((result) => result.value)).toEqual(
      frames.map((one) => ({ frame: one })),
    );
  });

  test('never come after it has left, nor does it wait for ever', async () => {
    const { queue, closed } = createQueue();
    const waiting = queue.next();
    await queue.return?.();
    queue.push(frame, 10);
    expect(await waiting).toEqual({ value: undefined, done: true });
    expect(await queue.next()).toEqual({ value: undefined, done: true });
    expect(closed()).toBe(1);
  });

  test('are followed by the reason why it ended, once, then by the end', async () => {
    const { queue, closed } = createQueue();
    queue.push(frame, 10);
    const error = codedError('CURSOR_EXPIRED', 'gone');
    queue.end(error);
    queue.end(codedError('INTERNAL', 'later'));
    queue.push(frame, 10);
    expect((await queue.next()).value).toEqual({ frame });
    expect((await queue.next()).value).toEqual({ error });
    expect((await queue.next()).done).toBe(true);
    expect(closed()).toBe(1);
  });

  test('are refused over the bound in frames, and taken again when it has read', async () => {
    const { queue } = createQueue({ maxSubscriptionFrames: 3 });
    for (let count = 0; count < 3; count += 1) expect(queue.push(frame, 1)).toBe(true);
    expect(queue.push(frame, 1)).toBe(false);
    await queue.next();
    expect(queue.push(frame, 1)).toBe(true);
  });

  test('are refused over the bound in bytes, though one is never too large', () => {
    const { queue } = createQueue({ maxSubscriptionBytes: 1_000 });
    expect(queue.push(frame, 2_000)).toBe(true);
    expect(queue.push(frame, 1)).toBe(false);
    const { queue: other } = createQueue({ maxSubscriptionBytes: 1_000 });
    expect([other.push(frame, 900), other.push(frame, 101)]).toEqual([true, false]);
  });

  test('are refused over the bound in frames of its socket, all subscriptions together', () => {
    const { queue, backlog } = createQueue({ maxFrames: 3 });
    const other = createFrameQueue(backlog, nobody);
    expect([queue, queue, other, other, queue].map((one) => one.push(frame, 1))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  test('are refused over the bound in bytes of its socket, all subscriptions together', () => {
    const { queue, backlog } = createQueue({ maxBytes: 1_000 });
    const other = createFrameQueue(backlog, nobody);
    expect([queue, other, other].map((one) => one.push(frame, 400))).toEqual([true, true, false]);
  });

  test('count over all subscriptions of a socket, and no more once their subscription has ended', async () => {
    const { queue, backlog } = createQueue({ maxFrames: 3 });
    const other = createFrameQueue(backlog, nobody);
    for (let count = 0; count < 3; count += 1) queue.push(frame, 300);
    expect(other.push(frame, 1)).toBe(false);
    await queue.return?.();
    expect(backlog).toMatchObject({ frames: 0, bytes: 0 });
    expect(other.push(frame, 1)).toBe(true);
  });
});

test('a client with as many subscriptions as it may have gets another one only when one has ended', async () => {
  const backlog = createBacklog(wide);
  const one = createFrameQueue(backlog, nobody);
  createFrameQueue(backlog, nobody);
  const another = () => createFrameQueue(backlog, nobody);
  expect(another).toThrow(expect.objectContaining({ extensions: { code: 'TOO_MANY_SUBSCRIPTIONS' } }));
  await one.return?.();
  expect(another).not.toThrow();
});

const nobody = { end() {} };

function createQueue(bounds: Partial<typeof wide> = {}) {
  let closed = 0;
  const backlog = createBacklog({ ...wide, ...bounds });
  const queue = createFrameQueue(backlog, {
    end() {
      closed += 1;
    },
  });
  return { queue, backlog, closed: () => closed };
}
