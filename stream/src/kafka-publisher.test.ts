import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Producer } from 'kafkajs';
import type { KafkaClient } from './kafka-client.ts';
import { BATCH_OVERHEAD_BYTES, chunks, createKafkaPublisher, RECORD_OVERHEAD_BYTES } from './kafka-publisher.ts';
import { records, rubbish } from './testing/records.ts';

const MAX_BATCH_BYTES = 10_000;
const sizes = fc.array(fc.nat(MAX_BATCH_BYTES - BATCH_OVERHEAD_BYTES - RECORD_OVERHEAD_BYTES));

test('every record is sent once and in order, in batches that the topic takes, none of which could take one more', () => {
  fc.assert(
    fc.property(sizes, (sizes) => {
      const records = sizes.map((bytes, index) => ({ ...rubbish(index, ''), bytes }));
      const cut = [...chunks(records, MAX_BATCH_BYTES)];
      expect(cut.flat()).toEqual(records);
      const weight = (chunk: readonly { bytes: number }[]) =>
        chunk.reduce((sum, { bytes }) => sum + bytes + RECORD_OVERHEAD_BYTES, BATCH_OVERHEAD_BYTES);
      cut.forEach((chunk, index) => {
        expect(chunk.length).toBeGreaterThan(0);
        expect(weight(chunk)).toBeLessThanOrEqual(MAX_BATCH_BYTES);
        const following = cut[index + 1]?.[0];
        if (following) expect(weight([...chunk, following])).toBeGreaterThan(MAX_BATCH_BYTES);
      });
    }),
  );
});

test('the same records are cut in the same places', () => {
  fc.assert(
    fc.property(sizes, (sizes) => {
      const records = sizes.map((bytes, index) => ({ ...rubbish(index, ''), bytes }));
      expect([...chunks(records, MAX_BATCH_BYTES)]).toEqual([...chunks([...records], MAX_BATCH_BYTES)]);
    }),
  );
});

test('after an unknown outcome the topic is looked at again, and records go out under a new producer', async () => {
  const calls: string[] = [];
  let producers = 0;
  const connect = () => {
    const name = `producer ${++producers}`;
    const producer: Pick<Producer, 'connect' | 'disconnect' | 'send'> = {
      connect: async () => void calls.push(`${name} connects`),
      disconnect: async () => void calls.push(`${name} disconnects`),
      send: async ({ messages }) => {
        calls.push(`${name} sends ${messages.length}`);
        if (name === 'producer 1' && calls.length > 3) throw new Error('request timed out');
        return [];
      },
    };
    return { producer: () => producer, destroy: () => void calls.push(`${name} is gone`) } as unknown as KafkaClient;
  };
  const prepare = async () => void calls.push('topic');
  const publisher = createKafkaPublisher({ connect, topic: 't', prepare, maxBatchBytes: MAX_BATCH_BYTES });

  await publisher.publish(records(1, 2));
  await expect(publisher.publish(records(3, 5))).rejects.toThrow(
    'publishing 3 to 5 on topic t has an unknown outcome: request timed out',
  );
  await publisher.publish(records(3, 5));
  expect(calls).toEqual([
    ...['topic', 'producer 1 connects', 'producer 1 sends 2'],
    ...['producer 1 sends 3', 'producer 1 disconnects', 'producer 1 is gone'],
    ...['topic', 'producer 2 connects', 'producer 2 sends 3'],
  ]);
});

test('closing gives up a publish that would go on trying', async () => {
  const producer = { connect: async () => {}, disconnect: async () => {}, send: () => new Promise(() => {}) };
  const client = { producer: () => producer, destroy: () => {} } as unknown as KafkaClient;
  const publisher = createKafkaPublisher({
    connect: () => client,
    topic: 't',
    prepare: async () => {},
    maxBatchBytes: MAX_BATCH_BYTES,
  });
  const publishing = publisher.publish(records(1, 2));
  await publisher.close();
  await expect(publishing).rejects.toThrow('the stream was closed');
});
