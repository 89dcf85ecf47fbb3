import { Counter, Gauge, type Registry } from 'prom-client';

/** What the listener tells Prometheus. Names and meanings are part of docs/operations.md. */
export function createMetrics(registry: Registry) {
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const counter = (name: string, help: string) => new Counter({ name, help, registers });

  return {
    leader: gauge('sync_relay_leader', '1 while this process relays, 0 while it stands by'),
    epoch: gauge('sync_relay_epoch', 'Number of the history that this process last relayed'),
    seq: gauge('sync_relay_seq', 'The last record that the stream has acknowledged'),
    backlogRows: gauge('sync_relay_backlog_rows', 'Committed changes that the stream has not acknowledged'),
    lagSeconds: gauge(
      'sync_relay_lag_seconds',
      'Age of the oldest committed change that the stream has not acknowledged',
    ),
    batches: counter('sync_relay_batches_total', 'Batches fenced, heartbeats included'),
    records: counter('sync_relay_records_total', 'Records that the stream has acknowledged'),
    bytes: counter('sync_relay_bytes_total', 'Bytes of those records'),
    republished: counter(
      'sync_relay_republished_total',
      'Records sent while catching up, which the stream may hold twice now',
    ),
    publishFailures: counter('sync_relay_publish_failures_total', 'Pieces that the stream did not acknowledge'),
    deadLetters: counter('sync_relay_dead_letters_total', 'Changes parked in sync.dead_letter; each needs a person'),
    claims: counter('sync_relay_claims_total', 'Changes too large for the stream, sent as claims'),
    epochs: counter('sync_relay_new_epochs_total', 'New histories begun; each makes every client read its rows anew'),
  };
}
export type Metrics = ReturnType<typeof createMetrics>;
