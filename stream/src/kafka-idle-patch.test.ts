import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';
import { patchIdleSpin } from './kafka-idle-patch.ts';

const require = createRequire(import.meta.url);
const RequestQueue = require('kafkajs/src/network/requestQueue/index.js');

test('a Kafka connection with nothing to send sets no timer; one with something pending still does', () => {
  patchIdleSpin();
  patchIdleSpin();
  const queue = new RequestQueue({ maxInFlightRequests: 1, requestTimeout: 1_000, logger: { debug() {} } });
  queue.checkPendingRequests();
  expect(queue.throttleCheckTimeoutId).toBeNull();

  queue.throttledUntil = Date.now() + 60_000;
  queue.pending.push({});
  queue.checkPendingRequests();
  expect(queue.throttleCheckTimeoutId).not.toBeNull();
  queue.destroy();
});
