import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { EncodedRecord } from '@sync-hub/stream/stream';
import { Registry } from 'prom-client';
import type { Batch } from './batch.ts';
import type { Query } from './connection.ts';
import { createMetrics } from './metrics.ts';
import { createPublisher, type Publisher } from './publisher.ts';

const batch: Batch = {
  batch: 7,
  incarnation: 'i',
  tag: 't',
  from: '1:1:',
  to: '2:2:',
  fencedAt: '',
  firstSeq: 5,
  sentSeq: 4,
};
const records: EncodedRecord[] = [5, 6].map((seq) => ({ epoch: 1, seq, key: null, value: '{}', bytes: 2 }));
const signal = new AbortController().signal;

let steps: string[];
let failure: Error | null;
let publisher: Publisher;
beforeEach(() => {
  jest.useFakeTimers();
  steps = [];
  failure = null;
  const query: Query = async (_, values, name) => {
    steps.push(`${name} ${values?.join()}`);
    if (failure !== null) throw failure;
    return [];
  };
  publisher = createPublisher({
    query,
    stream: { maxRecordBytes: 1_000, publish: async (sent) => void steps.push(`publish ${sent.length}`) },
    reader: { read: () => Promise.reject(new Error('nothing is read')) as never },
    metrics: createMetrics(new Registry()),
  });
});
afterEach(() => {
  jest.useRealTimers();
});

test('what was sent at once is noted before the next look, once', async () => {
  expect(await publisher.publishRecords(batch, records, signal)).toEqual({ ...batch, sentSeq: 6 });
  expect(steps).toEqual(['publish 2']);
  const noted = publisher.noted();
  // In this very turn, so that whatever is asked next comes behind it.
  expect(steps).toEqual(['publish 2', 'sent 7,t,6']);
  await noted;
  jest.runAllTimers();
  await publisher.noted();
  expect(steps).toHaveLength(2);
});

test('without another look it is noted by itself, soon', async () => {
  await publisher.publishRecords(batch, records, signal);
  jest.runAllTimers();
  expect(steps).toEqual(['publish 2', 'sent 7,t,6']);
});

test('that it could not be noted is told to whoever looks next', async () => {
  await publisher.publishRecords(batch, records, signal);
  failure = new Error('the disk is full');
  jest.runAllTimers();
  await expect(publisher.noted()).rejects.toBe(failure);
});
