import type { Stream } from '@sync-hub/stream/stream';
import { Registry } from 'prom-client';
import { createAwakeLock } from '../awake-lock.ts';
import { createConnect, QUEUE_SETTINGS } from '../connection.ts';
import { createMetrics } from '../metrics.ts';
import { createTerm, type TermSettings } from '../term.ts';
import { createVigil } from '../vigil.ts';
import { startWakeUps } from '../wake-ups.ts';
import { testLog } from './start-relay.ts';

export interface TestTerm {
  /** What ended it. */
  readonly ended: Promise<Error>;
  /** Cuts its connection, at whatever it is doing: as good as `kill -9`, but that what it had sent may still arrive. */
  cut(): Promise<void>;
}

/** A relay that believes to lead without having been elected. Ended by the test. */
export async function startTerm(
  {
    databaseUrl,
    stream,
  }: { databaseUrl: string; stream: Pick<Stream, 'publish' | 'bounds' | 'maxRecordBytes' | 'inStatement'> },
  settings: Partial<TermSettings> = {},
): Promise<TestTerm> {
  const connection = await createConnect(databaseUrl)('relay', { ...QUEUE_SETTINGS, synchronous_commit: 'on' });
  const wakeUps = startWakeUps({ databaseUrl, log: testLog });
  const term = createTerm({
    query: connection.query,
    stream,
    vigil: createVigil({ query: connection.query, awakeLock: createAwakeLock(connection.query), wakeUps }),
    metrics: createMetrics(new Registry()),
    log: testLog,
    settings: { pollMs: 250, heartbeatMs: 1_000, pieceBytes: 2 ** 20, ...settings },
  });
  async function serve(): Promise<Error> {
    const error = await term.serve(connection.ended).catch((reason: Error) => reason);
    await Promise.all([wakeUps.close(), connection.end()]);
    return error;
  }
  const ended = serve();
  return {
    ended,
    async cut() {
      await connection.end();
      await ended;
    },
  };
}
