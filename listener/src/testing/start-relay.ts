import type { Log } from '@sync-hub/runtime/log';
import { createLog } from '@sync-hub/runtime/log';
import type { Stream } from '@sync-hub/stream/stream';
import { Registry } from 'prom-client';
import { createMetrics, type Metrics } from '../metrics.ts';
import { createRelay, type RelaySettings } from '../relay.ts';

export interface TestRelay {
  readonly metrics: Metrics;
  readonly isLeading: () => boolean;
  /** The value of a metric without labels. */
  metric(name: keyof Metrics): Promise<number>;
  /** Ends it as SIGTERM would. */
  stop(): Promise<void>;
}

/** LISTENER_TEST_LOG=debug shows what relays say. */
export const testLog: Log = createLog({ name: 'listener', level: process.env['LISTENER_TEST_LOG'] ?? 'silent' });

/** A relay in this process, stopped by the test. */
export function startRelay(
  {
    databaseUrl,
    stream,
  }: { databaseUrl: string; stream: Pick<Stream, 'publish' | 'bounds' | 'maxRecordBytes' | 'inStatement'> },
  settings: Partial<RelaySettings> = {},
): TestRelay {
  const metrics = createMetrics(new Registry());
  const relay = createRelay({
    stream,
    metrics,
    log: testLog,
    settings: { databaseUrl, pollMs: 250, pieceBytes: 2 ** 20, keepMs: 600_000, retentionMs: 86_400_000, ...settings },
  });
  const stop = new AbortController();
  const running = relay.run(stop.signal);
  return {
    metrics,
    isLeading: relay.isLeading,
    async metric(name) {
      return (await metrics[name].get()).values[0]?.value ?? 0;
    },
    async stop() {
      stop.abort();
      await running;
    },
  };
}
