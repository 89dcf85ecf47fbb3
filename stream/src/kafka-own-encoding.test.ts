import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { crc32c } from './crc32c.ts';
import { inOwnEncoding } from './kafka-own-encoding.ts';
import type { EncodedRecord } from './stream.ts';

const require = createRequire(import.meta.url);
const produce = require('kafkajs/src/protocol/requests/produce/index.js');
const createRequest = require('kafkajs/src/protocol/request.js');
const groupMessagesPerPartition = require('kafkajs/src/producer/groupMessagesPerPartition.js');
const kafkajsCrc32c = require('kafkajs/src/protocol/recordBatch/crc32C/index.js');

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const record = (value: string, key: string | null): EncodedRecord => ({
  epoch: 1,
  seq: 1,
  key,
  value,
  bytes: Buffer.byteLength(value) + (key === null ? 0 : Buffer.byteLength(key)),
});

/** As it would go over the wire. */
async function requestOf(messages: readonly object[], version = 7, transactionalId: string | null = null) {
  const partitions = [{ partition: 0, firstSequence: 70_000, messages }];
  const { request } = produce.protocol({ version })({
    acks: -1,
    timeout: 30_000,
    transactionalId,
    producerId: '5000000000',
    producerEpoch: 3,
    topicData: [{ topic: 'a tópic', partitions }],
  });
  const { buffer } = await createRequest({ correlationId: 77, clientId: 'sync-hub', request });
  return { encoded: Buffer.from(buffer), apiVersion: request.apiVersion };
}

// Whole code points: what comes out of Postgres is UTF-8.
const texts = fc.string({ unit: 'binary' });
// Sizes whose lengths take one byte, two and three.
const values = fc.oneof(
  texts,
  fc
    .tuple(texts, fc.constantFrom(1, 30, 63, 64, 65, 8_000, 8_192, 20_000))
    .map(([text, times]) => `${text}x`.repeat(times)),
);
const records = fc.array(
  fc
    .record({ value: values, key: fc.option(fc.oneof(fc.constant('scope'), texts)) })
    .map(({ value, key }) => record(value, key)),
  { minLength: 1, maxLength: 40 },
);

test('records go out as kafkajs would send them, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(records, fc.constantFrom(3, 5, 7), async (records, version) => {
      const kafkajs = await requestOf(
        records.map(({ key, value }) => ({ key, value })),
        version,
      );
      const own = await requestOf(inOwnEncoding(records), version);
      expect(own.apiVersion).toBe(kafkajs.apiVersion);
      expect(own.encoded.equals(kafkajs.encoded)).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test('many small records too: their places in the batch take one byte, two and three', async () => {
  const many = Array.from({ length: 9_000 }, (_, index) => record(String(index), null));
  expect((await requestOf(inOwnEncoding(many))).encoded.equals((await requestOf(many)).encoded)).toBe(true);
});

test('the frame is written around a request in place, or around a copy where a long name leaves no room for that', async () => {
  const messages = [record('a', 'k')];
  const frameOf = async (messages: readonly object[], clientId: string) => {
    const partitions = [{ partition: 0, firstSequence: 0, messages }];
    const send = { acks: -1, timeout: 1, producerId: '1', producerEpoch: 0, topicData: [{ topic: 't', partitions }] };
    const { request } = produce.protocol({ version: 7 })(send);
    const encoded = await request.encode();
    const { buffer } = await createRequest({
      correlationId: 1,
      clientId,
      request: { ...request, encode: async () => encoded },
    });
    return { frame: Buffer.from(buffer), isInPlace: buffer.buffer === encoded.buffer.buffer };
  };
  for (const clientId of [
    'sync-hub',
    'n'.repeat(46),
    'n'.repeat(47),
    'n'.repeat(50),
    'n'.repeat(51),
    'n'.repeat(600),
  ]) {
    const own = await frameOf(inOwnEncoding(messages), clientId);
    expect(own.frame).toEqual((await frameOf(messages, clientId)).frame);
    expect(own.isInPlace).toBe(clientId.length <= 50);
  }
});

test('they are neither copied nor looked at one by one to find their partition', () => {
  const messages = inOwnEncoding([record('a', null), record('b', 'k')]);
  const partitioner = () => {
    throw new Error('asked for a partition');
  };
  const grouped = groupMessagesPerPartition({ topic: 't', partitionMetadata: [{}], messages, partitioner });
  expect(Object.keys(grouped)).toEqual(['0']);
  expect(grouped[0]).toBe(messages);
});

test('what others send through kafkajs is encoded by it, and so is what the own encoding does not know', async () => {
  const theirs = [{ key: 'k', value: 'v', headers: { a: 'b' }, timestamp: 5 }];
  const { encoded } = await requestOf(theirs);
  expect(encoded.includes('a\u0002b')).toBe(true);
  const own = inOwnEncoding([record('v', 'k')]);
  expect(await requestOf(own, 2)).toEqual(await requestOf([{ key: 'k', value: 'v' }], 2));
  expect(await requestOf(own, 7, 'tx')).toEqual(await requestOf([{ key: 'k', value: 'v' }], 7, 'tx'));
});

test('the checksum is that of RFC 3720, and of kafkajs', () => {
  expect(crc32c(new Uint8Array(32), 0)).toBe(0x8a9136aa);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, start) => {
      expect(crc32c(bytes, start)).toBe(kafkajsCrc32c(Buffer.from(bytes.subarray(start))));
    }),
  );
});
