import type { Log } from '@sync-hub/runtime/log';
import { createBackoff } from '@sync-hub/stream/backoff';
import type { Stream } from '@sync-hub/stream/stream';
import { createAwakeLock } from './awake-lock.ts';
import { createCleanup } from './cleanup.ts';
import { createConnect, QUEUE_SETTINGS } from './connection.ts';
import { createElection, type Leadership } from './election.ts';
import { startHousekeeping } from './housekeeping.ts';
import type { Metrics } from './metrics.ts';
import { createTerm } from './term.ts';
import { createVigil } from './vigil.ts';
import { startWakeUps } from './wake-ups.ts';

export interface RelaySettings {
  /** A direct connection to the primary. */
  readonly databaseUrl: string;
  readonly pollMs: number;
  /** Of the outbox rows that are read, sent and acknowledged at a time. */
  readonly pieceBytes: number;
  /** How long acknowledged changes are kept. */
  readonly keepMs: number;
  /** How long the stream keeps records. */
  readonly retentionMs: number;
}

interface Dependencies {
  readonly stream: Pick<Stream, 'publish' | 'bounds' | 'maxRecordBytes' | 'inStatement'>;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly settings: RelaySettings;
}

const LEASE_MS = 2_000;
const PING_MS = 500;
const HEARTBEAT_MS = 1_000;
const HOUSEKEEPING_EVERY_MS = 5_000;

/**
 * Publishes every committed change to the stream: each once in the log's numbering, transaction by transaction.
 *
 * Any number of relays may run against one database: one leads, the others stand by and take over within some two
 * seconds of its end. Two that both believe to lead do no harm.
 *
 * @see docs/data-flow.md, "Relay"
 */
export function createRelay({ stream, metrics, log, settings }: Dependencies) {
  const connect = createConnect(settings.databaseUrl);
  const election = createElection({ connect, log, settings: { leaseMs: LEASE_MS, pingMs: PING_MS } });
  let isLeading = false;

  async function lead(leadership: Leadership, signal: AbortSignal): Promise<void> {
    const { query, ended, end } = await connect('relay', { ...QUEUE_SETTINGS, synchronous_commit: 'on' });
    const wakeUps = startWakeUps({ databaseUrl: settings.databaseUrl, log });
    const housekeeping = startHousekeeping({
      connect,
      cleanup: createCleanup(settings),
      metrics,
      log,
      settings: { everyMs: HOUSEKEEPING_EVERY_MS },
    });
    // A query that hangs must not outlast the leadership.
    signal.addEventListener('abort', () => void end(), { once: true });
    try {
      const term = createTerm({
        query,
        stream,
        vigil: createVigil({ query, awakeLock: createAwakeLock(leadership.query), wakeUps }),
        metrics,
        log,
        settings: { ...settings, heartbeatMs: HEARTBEAT_MS },
      });
      await term.serve(AbortSignal.any([signal, ended]));
    } finally {
      await Promise.all([housekeeping.close(), wakeUps.close(), end()]);
    }
  }

  return {
    isLeading: () => isLeading,
    /** Resolves once `signal` aborts and everything is closed. What fails is logged, and begun again with an election. */
    async run(signal: AbortSignal): Promise<void> {
      const backoff = createBackoff({ minMs: 100, maxMs: 5_000 });
      while (!signal.aborted) {
        const leadership = await election.win(signal);
        if (leadership === null) return;
        log.info('leading: this listener relays');
        isLeading = true;
        metrics.leader.set(1);
        const electedAt = performance.now();
        try {
          await lead(leadership, AbortSignal.any([signal, leadership.lost]));
        } catch (error) {
          if (!signal.aborted) log.warn({ err: error }, 'not leading any more');
        }
        isLeading = false;
        metrics.leader.set(0);
        // Only who leads measures them.
        metrics.backlogRows.set(0);
        metrics.lagSeconds.set(0);
        await leadership.resign();
        if (performance.now() - electedAt > LEASE_MS) backoff.reset();
        if (!signal.aborted) await backoff.wait(signal);
      }
    },
  };
}
export type Relay = ReturnType<typeof createRelay>;
