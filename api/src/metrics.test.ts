import { expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import type { Feed } from './feed/feed.ts';
import { createFeedCounters } from './feed/feed-counters.ts';
import { collectFeedMetrics } from './metrics.ts';
import { createSockets } from './server/sockets.ts';

test('what only rises is a counter named …_total, and says what was counted however often it is read', async () => {
  const registry = new Registry();
  const counters = createFeedCounters();
  counters.gaps = 3;
  counters.losses.crash = 2;
  const ring = { bytes: 5, transactions: 1 };
  const feed = { counters, ring, position: null, subscriptions: 4, groups: 1 } as unknown as Feed;
  collectFeedMetrics(registry, feed, createSockets());
  await registry.metrics();
  counters.gaps = 4;
  const text = await registry.metrics();
  expect(text).toMatch(/^sync_hub_api_log_gaps_total 4$/m);
  expect(text).toMatch(/^sync_hub_api_subscriptions_lost_total\{loss="crash"\} 2$/m);
  expect(text).toMatch(/^sync_hub_api_subscriptions 4$/m);
  const types = [...text.matchAll(/^# TYPE sync_hub_api_(\w+) (\w+)$/gm)].map(([, name = '', type]) => ({
    name,
    type,
  }));
  expect(types).toHaveLength(13);
  expect(types.filter(({ name, type }) => (type === 'counter') !== name.endsWith('_total'))).toEqual([]);
  expect(types.filter(({ type }) => type === 'counter')).toHaveLength(7);
});
