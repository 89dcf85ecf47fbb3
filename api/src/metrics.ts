import { Gauge, type Registry } from 'prom-client';
import type { Feed } from './feed/feed.ts';
import type { Sockets } from './server/sockets.ts';

/** What the feed counts, as Prometheus metrics. A gap or a resync is worth an alarm. */
export function collectFeedMetrics(registry: Registry, feed: Feed, sockets: Sockets): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `sync_hub_api_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge('log_seq', 'Highest seq of the log that this process has passed', () => feed.position?.seq ?? 0);
  gauge('log_gaps', 'Jumps in seq: each proves a loss', () => feed.counters.gaps);
  gauge('log_repeated_records', 'Records met again and dropped', () => feed.counters.repeated);
  gauge('log_unreadable_records', 'Records on the stream that are not ours', () => feed.counters.unreadable);
  gauge('log_transactions', 'Transactions passed since start', () => feed.counters.transactions);
  gauge('snapshots', 'Snapshots read, each for all who waited for it', () => feed.counters.snapshots);
  gauge('feed_resyncs', 'Times the log could not be continued', () => feed.counters.resyncs);
  new Gauge({
    name: 'sync_hub_api_subscriptions_lost',
    help: 'Subscriptions that could not be continued: their rows were read anew, or they ended with CURSOR_EXPIRED',
    labelNames: ['loss'],
    registers: [registry],
    collect() {
      for (const [loss, count] of Object.entries(feed.counters.losses)) this.set({ loss }, count);
    },
  });
  gauge('ring_bytes', 'Transactions held in memory, roughly', () => feed.ring.bytes);
  gauge('ring_transactions', 'The same, counted', () => feed.ring.transactions);
  gauge('subscriptions', 'Subscriptions now', () => feed.subscriptions);
  gauge('groups', 'Groups of live subscriptions that are told the same', () => feed.groups);
  gauge('sockets', 'Signed-in sockets now', () => sockets.size);
}
