import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Batch } from 'kafkajs';
import { createBackoff } from './backoff.ts';
import { atMost } from './deadline.ts';
import { type KafkaClient, withAdmin } from './kafka-client.ts';
import { consume } from './kafka-consumer.ts';
import type { StreamLog } from './stream-log.ts';

/** At or before the first record of any topic: Kafka answers with the oldest it keeps. */
export const EARLIEST_OFFSET = 0;

const DELETE_GROUPS_TIMEOUT_MS = 3_000;

export interface KafkaMessage {
  readonly offset: number;
  /** Null for a tombstone, which is not of our making. */
  readonly value: string | null;
}

export interface FetchedBatch {
  /** In the order of the log, never empty. They start elsewhere than was asked when that is not kept (any more). */
  readonly messages: readonly KafkaMessage[];
  /** One past the last offset of the log when this was fetched. */
  readonly end: number;
}

/**
 * Reads the one partition of a topic from an offset of the caller's choosing: the `assign` that kafkajs lacks.
 *
 * What is to be read next is kept here and not with the broker, so reading goes on, exactly there, through whatever
 * happens to broker, group and consumer. One batch is fetched ahead while the caller works, and no more.
 */
export interface Partition {
  /** The following batch; null once closed. One call at a time. */
  next(): Promise<FetchedBatch | null>;
  /** Makes `next` go on at `offset`. */
  seek(offset: number): void;
  /** Ends a waiting `next`, and leaves no connection and no group behind. */
  close(): Promise<void>;
}

export interface PartitionSource {
  readonly connect: () => KafkaClient;
  readonly topic: string;
  readonly log: StreamLog;
}

/** Starts reading at `offset`. Ask `next` at once: it waits for as long as there is no broker. */
export function openPartition({ connect, topic, log }: PartitionSource, offset: number): Partition {
  const closing = new AbortController();
  const groupIds: string[] = [];
  let nextOffset = offset;
  let seekConsumer = (_offset: number): void => {};
  let give: ((batch: FetchedBatch | null) => void) | null = null;
  let onAsked = () => {};

  /** Holds a batch until the caller asks for one; drops it when the caller has asked for another place by then. */
  async function onBatch(batch: Batch, isStale: () => boolean): Promise<void> {
    if (give === null && !isStale()) {
      await new Promise<void>((resolve) => {
        onAsked = resolve;
      });
    }
    if (give === null || isStale()) return;
    nextOffset = Number(batch.lastOffset()) + 1;
    const resolve = give;
    give = null;
    resolve({
      messages: batch.messages.map(({ offset, value }) => ({
        offset: Number(offset),
        value: value?.toString('utf8') ?? null,
      })),
      end: Number(batch.highWatermark),
    });
    // What the caller makes of it goes out before kafkajs composes its next request.
    await nextTurn();
  }

  async function consumeOnce(onJoined: () => void): Promise<void> {
    const groupId = `${topic}-reader-${randomUUID()}`;
    groupIds.push(groupId);
    await consume({
      client: connect(),
      topic,
      groupId,
      onJoin(seek) {
        seekConsumer = seek;
        seek(nextOffset);
        onJoined();
      },
      onBatch,
      onOver() {
        seekConsumer = () => {};
        onAsked();
      },
      signal: closing.signal,
    });
  }

  async function run(): Promise<void> {
    const backoff = createBackoff({ minMs: 100, maxMs: 2_000 });
    while (!closing.signal.aborted) {
      try {
        await consumeOnce(backoff.reset);
      } catch (error) {
        log.warn({ err: error, topic, nextOffset }, 'a Kafka consumer has ended; another goes on in its place');
        await backoff.wait(closing.signal);
      }
    }
  }
  const running = run();

  async function close(): Promise<void> {
    closing.abort();
    give?.(null);
    give = null;
    await running;
    // Left alone, groups stay with the broker for a week, and then go by themselves.
    const deleting = withAdmin(connect, (admin) => admin.deleteGroups(groupIds)).catch((error) => {
      log.debug({ err: error, groupIds }, 'consumer groups are left to the broker');
    });
    await atMost(DELETE_GROUPS_TIMEOUT_MS, deleting);
  }
  let closed: Promise<void> | null = null;

  return {
    next() {
      if (closing.signal.aborted) return Promise.resolve(null);
      return new Promise((resolve) => {
        give = resolve;
        onAsked();
      });
    },
    seek(offset) {
      if (offset === nextOffset) return;
      nextOffset = offset;
      seekConsumer(offset);
    },
    close() {
      closed ??= close();
      return closed;
    },
  };
}
