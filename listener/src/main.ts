import { closeOnSignals, createClosing } from '@sync-hub/runtime/closing';
import { createHealth, startHealthServer } from '@sync-hub/runtime/health';
import { createLog } from '@sync-hub/runtime/log';
import { SettingsError } from '@sync-hub/runtime/settings';
import { openStream } from '@sync-hub/stream/open-stream';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { readConfig } from './config.ts';
import { createMetrics } from './metrics.ts';
import { createRelay } from './relay.ts';

async function main() {
  const config = readConfig(process.env);
  const log = createLog({ name: 'listener', level: config.LOG_LEVEL });
  const closing = createClosing(log);
  closeOnSignals(closing);
  try {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });

    const stream = await openStream(config, log);
    closing.add('stream', stream.close);

    const relay = createRelay({
      stream,
      metrics: createMetrics(registry),
      log,
      settings: {
        databaseUrl: config.DATABASE_URL,
        pollMs: config.OUTBOX_POLL_MS,
        pieceBytes: config.RELAY_PIECE_BYTES,
        keepMs: config.OUTBOX_KEEP_MINUTES * 60_000,
        retentionMs: config.STREAM_RETENTION_HOURS * 3_600_000,
      },
    });
    const stop = new AbortController();
    const running = relay.run(stop.signal);
    closing.add('relay', () => {
      stop.abort();
      return running;
    });

    // Standing by is a listener's work, too: it is ready to take over.
    const isReady = () => ({ ready: true, why: relay.isLeading() ? 'leading' : 'standing by' });
    const server = await startHealthServer({
      port: config.LISTENER_PORT,
      setting: 'LISTENER_PORT',
      health: createHealth({ registry, isReady }),
    });
    closing.add('health server', server.close);
    log.info({ port: server.port }, 'listening');
  } catch (error) {
    log.fatal({ err: error }, 'the listener cannot start');
    await closing.close();
    process.exit(1);
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(error.message);
  process.exit(1);
}
