import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  type Admin,
  type Consumer,
  type ISocketFactory,
  Kafka,
  type KafkaConfig,
  logLevel,
  type Producer,
  type SASLOptions,
} from 'kafkajs';
import { patchIdleSpin } from './kafka-idle-patch.ts';
import type { StreamLog } from './stream-log.ts';

export interface KafkaConnection {
  /** `host:port` of some brokers; they name the others. */
  readonly brokers: readonly string[];
  /** True for TLS with the system's authorities, or the options of `tls.connect`. */
  readonly ssl?: KafkaConfig['ssl'];
  readonly sasl?: SASLOptions;
  readonly log: StreamLog;
}

/** What the stream asks of kafkajs, with every setting that must not be left to its defaults. */
export interface KafkaClient {
  /** A consumer that leaves restarts to its owner and never commits anywhere. Not yet connected. */
  consumer(groupId: string): Consumer;
  /** An idempotent producer. Not yet connected. */
  producer(): Producer;
  /** Not yet connected. */
  admin(): Admin;
  /** Cuts whatever is still connected and lets nothing connect again. */
  destroy(): void;
}

/** Members that stop answering are forgotten after this; nobody waits for them, since no two share a group. */
export const SESSION_TIMEOUT_MS = 10_000;

/**
 * How long a broker holds a fetch that it has nothing for. New records end it at once, so it costs no latency; but a
 * connection answers in order, and a heartbeat or a leave of the group waits behind the fetch.
 */
const MAX_WAIT_MS = 250;

/** @param retries  of every request and connection, after 0.1, 0.2, 0.4, 0.8, 1, 1 … seconds. */
export function createKafkaClient({ brokers, ssl, sasl, log }: KafkaConnection, retries: number): KafkaClient {
  patchIdleSpin();
  // kafkajs's own defaults differ when NODE_ENV is `test`, so none is left out.
  const retry = { initialRetryTime: 100, maxRetryTime: 1_000, multiplier: 2, factor: 0.2, retries };
  const sockets = trackSockets();
  const kafka = new Kafka({
    clientId: 'sync-hub',
    brokers: [...brokers],
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl }),
    connectionTimeout: 3_000,
    requestTimeout: 5_000,
    retry,
    socketFactory: sockets.open,
    // kafkajs calls a failed attempt an error, and then makes the next one. What comes of the attempts reaches the
    // caller as a rejection, or is logged by the reader; the attempts themselves are for whoever looks closely.
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, log: { message, timestamp: _, ...fields } }) =>
        log.debug({ kafkajs: namespace, ...fields }, message),
  });

  return {
    consumer: (groupId) =>
      kafka.consumer({
        groupId,
        sessionTimeout: SESSION_TIMEOUT_MS,
        rebalanceTimeout: SESSION_TIMEOUT_MS,
        heartbeatInterval: 3_000,
        maxWaitTimeInMs: MAX_WAIT_MS,
        // A broker that creates topics by itself would give ours as many partitions as it likes.
        allowAutoTopicCreation: false,
        // One way back to life, whatever went wrong: kafka-partition builds a new consumer.
        retry: { ...retry, restartOnFailure: async () => false },
      }),
    producer: () =>
      kafka.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        // Named, or kafkajs warns at every start that its default partitioner has changed.
        createPartitioner: () => () => 0,
        retry,
      }),
    admin: () => kafka.admin({ retry }),
    destroy: sockets.destroy,
  };
}

/** Runs `work` with an admin that lives no longer. */
export async function withAdmin<T>(connect: () => KafkaClient, work: (admin: Admin) => Promise<T>): Promise<T> {
  const client = connect();
  try {
    const admin = client.admin();
    await admin.connect();
    const result = await work(admin);
    await admin.disconnect();
    return result;
  } finally {
    client.destroy();
  }
}

/** kafkajs opens no socket but through this, so that closing can be sure to leave none behind. */
function trackSockets(): { open: ISocketFactory; destroy(): void } {
  const open = new Set<Socket>();
  let destroyed = false;
  return {
    open({ host, port, ssl, onConnect }) {
      if (destroyed) throw new Error('the stream connects no more');
      const socket = ssl
        ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
        : connect({ host, port }, onConnect);
      socket.setKeepAlive(true, 60_000);
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      return socket;
    },
    destroy() {
      destroyed = true;
      // With an error, or kafkajs would not notice and would keep its timers.
      for (const socket of open) socket.destroy(new Error('the stream has let go of this connection'));
    },
  };
}
