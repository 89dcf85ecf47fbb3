import { Counter, Gauge, type Registry } from 'prom-client';
import type { Feed } from './feed/feed.ts';
import type { Sockets } from './server/sockets.ts';

/** What the feed counts, as Prometheus metrics. A gap or a resync is worth an alarm. */
export function collectFeedMetrics(registry: Registry, feed: Feed, sockets: Sockets): void {
  const described = (name: string, help: string) => ({ name: `sync_hub_api_${name}`, help, registers: [registry] });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      ...described(name, help),
      collect() {
        this.set(read());
      },
    });
  // The feed has counted already.
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      ...described(name, help),
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  gauge('log_seq', 'Highest seq of the log that this process has passed', () => feed.position?.seq ?? 0);
  counter('log_gaps_total', 'Jumps in seq: each proves a loss', () => feed.counters.gaps);
  counter('log_repeated_records_total', 'Records met again and dropped', () => feed.counters.repeated);
  counter('log_unreadable_records_total', 'Records on the stream that are not ours', () => feed.counters.unreadable);
  counter('log_transactions_total', 'Transactions passed since start', () => feed.counters.transactions);
  counter('snapshots_total', 'Snapshots read, each for all who waited for it', () => feed.counters.snapshots);
  counter('feed_resyncs_total', 'Times the log could not be continued', () => feed.counters.resyncs);
  new Counter({
    ...described(
      'subscriptions_lost_total',
      'Subscriptions that could not be continued: their rows were read anew, or they ended with CURSOR_EXPIRED',
    ),
    labelNames: ['loss'],
    collect() {
      this.reset();
      for (const [loss, count] of Object.entries(feed.counters.losses)) this.inc({ loss }, count);
    },
  });
  gauge('ring_bytes', 'Transactions held in memory, roughly', () => feed.ring.bytes);
  gauge('ring_transactions', 'The same, counted', () => feed.ring.transactions);
  gauge('subscriptions', 'Subscriptions now', () => feed.subscriptions);
  gauge('groups', 'Groups of live subscriptions that are told the same', () => feed.groups);
  gauge('sockets', 'Signed-in sockets now', () => sockets.size);
}
