import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { waitFor } from '@sync-hub/dev/wait-for';
import { createKafkaStream } from '@sync-hub/stream/kafka-stream';
import { createPostgresStream } from '@sync-hub/stream/postgres-stream';
import type { Stream } from '@sync-hub/stream/stream';
import type { RelaySettings } from '../relay.ts';
import type { TermSettings } from '../term.ts';
import { checkLog } from './check-log.ts';
import { createObserver, type Observer } from './observed-stream.ts';
import { startRelay, type TestRelay, testLog } from './start-relay.ts';
import { startTerm, type TestTerm } from './start-term.ts';
import { readCounters } from './writers.ts';

const DAY_MS = 86_400_000;

/** A database, an empty stream, and the relays of one test, each of which has its own connections to both. */
export interface Hub {
  readonly database: TestDatabase;
  readonly stream: Observer;
  /** Where the stream is Kafka's. */
  readonly topic: string;
  /** The stream as one process has it, observed. */
  openStream(): Promise<Stream>;
  /** Elected, with all that a listener has. */
  startRelay(settings?: Partial<RelaySettings>): Promise<TestRelay>;
  /** Unelected. Several in turn may share a stream, as the terms of one process do. */
  startTerm(settings?: Partial<TermSettings>, stream?: Stream): Promise<TestTerm>;
  stopRelays(): Promise<void>;
  /** Resolves when the rows of `counters`, as the log has them, are those of the table now. */
  untilDrained(timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
}

export interface HubOptions {
  /** Default: a database of its own on the run's server. */
  readonly database?: TestDatabase;
  /** Default: the Postgres stream. */
  readonly brokers?: readonly string[];
  /** Relays store small batches by the statement that fixes them, as in production; default: everything is published. */
  readonly isStoredAtOnce?: boolean;
  /** Copies of the topic, default 1; one fewer must hold a record before it is acknowledged. */
  readonly replicas?: number;
}

export async function createHub(options: HubOptions = {}): Promise<Hub> {
  const { brokers, replicas = 1, isStoredAtOnce = false, database = await createTestDatabase() } = options;
  const databaseUrl = database.url;
  const observer = createObserver();
  const topic = `relay-${randomUUID()}`;
  const streams: Stream[] = [];
  const relays: TestRelay[] = [];
  const terms: TestTerm[] = [];

  const open = (): Promise<Stream> =>
    brokers === undefined
      ? createPostgresStream({ databaseUrl, retentionMs: DAY_MS, log: testLog })
      : createKafkaStream({
          brokers,
          topic,
          retentionMs: DAY_MS,
          replicationFactor: replicas,
          minInsyncReplicas: Math.max(1, replicas - 1),
          log: testLog,
        });

  async function openStream(): Promise<Stream> {
    const stream = await open();
    streams.push(stream);
    if (!isStoredAtOnce) return observer.observe(stream);
    if (streams.length === 1) await observer.follow(stream);
    return stream;
  }

  async function stopRelays(): Promise<void> {
    await Promise.all([...relays.map((relay) => relay.stop()), ...terms.map((term) => term.cut())]);
  }

  let closed: Promise<void> | undefined;
  async function close(): Promise<void> {
    await stopRelays();
    await Promise.all(streams.map((stream) => stream.close()));
    await database.close();
  }

  return {
    database,
    stream: observer,
    topic,
    stopRelays,
    openStream,
    async startRelay(settings) {
      const relay = startRelay({ databaseUrl, stream: await openStream() }, settings);
      relays.push(relay);
      return relay;
    },
    async startTerm(settings, stream) {
      const term = await startTerm({ databaseUrl, stream: stream ?? (await openStream()) }, settings);
      terms.push(term);
      return term;
    },
    async untilDrained(timeoutMs = 30_000) {
      const expected = JSON.stringify([...(await readCounters(database))].sort());
      await waitFor(() => JSON.stringify([...checkLog(observer.log()).rows].sort()) === expected, {
        what: 'the log to hold what the table holds',
        timeoutMs,
      });
    },
    close() {
      closed ??= close();
      return closed;
    },
  };
}
